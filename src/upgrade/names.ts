/** Lists of names in a sentence. */

/** Up to three names, then how many more. */
export function namesShort(names: readonly string[], most = 3): string {
  const shown = names.slice(0, most).join(', ');
  return names.length <= most ? shown : `${shown} and ${names.length - most} more`;
}
