/**
 * Remembers what was made of an object and a key, for as long as the object is there. For values that
 * depend on nothing else: the object is never changed, and the key names all the rest.
 */
export type Memo<Of extends object, Value> = (of: Of, key: string, make: () => Value) => Value;

export function createMemo<Of extends object, Value>(): Memo<Of, Value> {
  const known = new WeakMap<Of, Map<string, Value>>();
  return (of, key, make) => {
    const values = known.get(of) ?? new Map<string, Value>();
    known.set(of, values);
    if (values.has(key)) return values.get(key) as Value;
    const value = make();
    values.set(key, value);
    return value;
  };
}
