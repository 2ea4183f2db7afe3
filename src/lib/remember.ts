/** Functions that do their work once for each thing they are asked about. */

/** The value of a function without arguments, made when first asked for. */
export function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Remembers by the key itself, such as a text. */
export function remembered<Key, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, Value>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined || known.has(key)) return found as Value;
    const value = make(key);
    known.set(key, value);
    return value;
  };
}

/** Remembers by an object for as long as that is in use, and makes no undefined value twice either. */
export function rememberedByObject<Key extends object, Value>(
  make: (key: Key) => Value,
): (key: Key) => Value {
  return rememberedBy((key) => key, make);
}

/** The same by an object that stands for the key. */
export function rememberedBy<Key, Value>(
  standIn: (key: Key) => object,
  make: (key: Key) => Value,
): (key: Key) => Value {
  const known = new WeakMap<object, { readonly value: Value }>();
  return (key) => {
    const found = known.get(standIn(key)) ?? { value: make(key) };
    known.set(standIn(key), found);
    return found.value;
  };
}
