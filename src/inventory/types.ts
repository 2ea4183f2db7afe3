/** The kinds of values that schema.ts is made of, and the TypeScript types that follow from them. */
import type { FormatName } from './formats.ts';

/** One key of a map. */
export interface Key<T extends Type = Type, D = unknown> {
  readonly type: T;
  /** The value of an absent key; `Computed` where it follows from others, undefined where there is none. */
  readonly default: D;
  readonly isRequired: boolean;
  readonly meaning: string;
}

/** A default that is not a constant: how it comes about. */
export interface Computed {
  readonly computed: string;
}

/** Text of a narrow form. */
export interface TextType {
  readonly kind: 'text';
  readonly format: FormatName;
  /** Whether unquoted numbers and booleans count as the text that was written. */
  readonly takesAnyScalar: boolean;
  /** Whether null is a value: it removes a flag. */
  readonly takesNull: boolean;
}

export interface ChoiceType<V extends string = string> {
  readonly kind: 'choice';
  readonly values: readonly V[];
}

export interface IntegerType {
  readonly kind: 'integer';
  readonly min: number;
  readonly max: number;
}

export interface BooleanType {
  readonly kind: 'boolean';
}

export interface ListType<T extends Type = Type> {
  readonly kind: 'list';
  readonly of: T;
  readonly min: number;
  readonly max: number;
  /** Whether one item may stand without its list. */
  readonly takesOne: boolean;
}

/** A map with keys of the user's own. */
export interface RecordType<T extends Type = Type> {
  readonly kind: 'record';
  /** Undefined when a rule checks the keys against a table. */
  readonly keyFormat: FormatName | undefined;
  readonly of: T;
}

export type Keys = { readonly [name: string]: Key };

export interface MapType<K extends Keys = Keys> {
  readonly kind: 'map';
  readonly keys: K;
}

/** A part of the cluster that is there or not: true, false, or its settings, which say that it is there. */
export interface SwitchType<K extends Keys = Keys> {
  readonly kind: 'switch';
  readonly settings: MapType<K>;
}

/** Whatever a component's own configuration file may hold. */
export interface AnyType {
  readonly kind: 'any';
}

export type Type =
  | TextType
  | ChoiceType
  | IntegerType
  | BooleanType
  | ListType
  | RecordType
  | MapType
  | SwitchType
  | AnyType;

/** A value as decoded: what is absent or wrong is undefined. */
export type Written<T> =
  T extends ChoiceType<infer V>
    ? V
    : T extends TextType
      ? string
      : T extends IntegerType
        ? number
        : T extends BooleanType
          ? boolean
          : T extends ListType<infer I>
            ? readonly (Written<I> | undefined)[]
            : T extends RecordType<infer I>
              ? { readonly [name: string]: Written<I> | null | undefined }
              : T extends MapType<infer K>
                ? WrittenKeys<K>
                : T extends SwitchType<infer K>
                  ? boolean | WrittenKeys<K>
                  : unknown;

type WrittenKeys<K extends Keys> = { readonly [P in keyof K]?: Written<K[P]['type']> | undefined };

/** Text of a form; numbers and booleans need quotes. */
export function text(format: FormatName): TextType {
  return { kind: 'text', format, takesAnyScalar: false, takesNull: false };
}

/** Text where `9`, `1.20` and `true` mean what was written, without quotes. */
export function anyText(format: FormatName, options: { takesNull?: boolean } = {}): TextType {
  return { kind: 'text', format, takesAnyScalar: true, takesNull: options.takesNull ?? false };
}

/** One of a few words. */
export function choice<const V extends string>(values: readonly V[]): ChoiceType<V> {
  return { kind: 'choice', values };
}

/** A whole number within limits, both included. */
export function integer(min: number, max: number): IntegerType {
  return { kind: 'integer', min, max };
}

export const boolean: BooleanType = { kind: 'boolean' };

export const anything: AnyType = { kind: 'any' };

/** A list of values of one type. */
export function list<T extends Type>(of: T, limits: { min?: number; max?: number } = {}): ListType<T> {
  return { kind: 'list', of, min: limits.min ?? 0, max: limits.max ?? 100_000, takesOne: false };
}

/** One item, or a list of up to two: one for each address family. */
export function oneOrTwo<T extends Type>(of: T): ListType<T> {
  return { kind: 'list', of, min: 1, max: 2, takesOne: true };
}

/** A map with keys of the user's own; without a format for them, a rule checks them. */
export function record<T extends Type>(keyFormat: FormatName | undefined, of: T): RecordType<T> {
  return { kind: 'record', keyFormat, of };
}

/** A map with known keys. */
export function map<const K extends Keys>(keys: K): MapType<K> {
  return { kind: 'map', keys };
}

/** true, false, or a map with known keys. */
export function switchable<const K extends Keys>(settings: MapType<K>): SwitchType<K> {
  return { kind: 'switch', settings };
}

/** A key with a constant default. */
export function key<T extends Type, const D>(type: T, fallback: D, meaning: string): Key<T, D> {
  return { type, default: fallback, isRequired: false, meaning };
}

/** A key whose default follows from other keys, as the text says. */
export function computed<T extends Type>(type: T, how: string, meaning: string): Key<T, Computed> {
  return { type, default: { computed: how }, isRequired: false, meaning };
}

/** A key without a default. */
export function optional<T extends Type>(type: T, meaning: string): Key<T, undefined> {
  return { type, default: undefined, isRequired: false, meaning };
}

/** A key that must be there. */
export function required<T extends Type>(type: T, meaning: string): Key<T, undefined> {
  return { type, default: undefined, isRequired: true, meaning };
}

/** The default of a key as its docs say it. */
export function defaultText({ default: fallback, isRequired }: Key): string {
  if (isRequired) return 'required';
  if (fallback === undefined) return 'none';
  if (typeof fallback === 'object' && fallback !== null && 'computed' in fallback)
    return String(fallback.computed);
  return typeof fallback === 'string' ? fallback : JSON.stringify(fallback);
}
