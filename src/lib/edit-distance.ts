/** How far apart two words are, and which known word a mistyped one was meant to be. */

/** Longer words are never mistyped keys, and comparing them would cost time on hostile input. */
const longestWord = 80;

/**
 * Insertions, deletions, substitutions and swaps of neighbours between two words,
 * or `limit + 1` as soon as there must be more than `limit`.
 */
export function editDistance(left: string, right: string, limit = Number.MAX_SAFE_INTEGER): number {
  if (Math.abs(left.length - right.length) > limit) return limit + 1;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const cost = left[row - 1] === right[column - 1] ? 0 : 1;
      let best = Math.min(
        at(previous, column) + 1,
        at(current, column - 1) + 1,
        at(previous, column - 1) + cost,
      );
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (row > 1 && column > 1 && swapped) best = Math.min(best, at(beforePrevious, column - 2) + 1);
      current.push(best);
    }
    if (Math.min(...current) > limit) return limit + 1;
    beforePrevious = previous;
    previous = current;
  }
  return Math.min(at(previous, right.length), limit + 1);
}

/** The known word nearest to a mistyped one, or undefined when none is near; case and `_-.` count for little. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  if (word.length > longestWord) return undefined;
  const folded = fold(word);
  const limit = Math.max(1, Math.min(3, Math.floor(folded.length / 3)));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of known) {
    const distance = editDistance(folded, foldOnce(candidate), bestDistance - 1);
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

const foldedCandidates = new Map<string, string>();

/** Known words come from tables and are asked for again and again. */
function foldOnce(word: string): string {
  const known = foldedCandidates.get(word);
  if (known !== undefined) return known;
  const folded = fold(word);
  foldedCandidates.set(word, folded);
  return folded;
}

function fold(word: string): string {
  return word.toLowerCase().replace(/[-_.]/g, '');
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.MAX_SAFE_INTEGER;
}
