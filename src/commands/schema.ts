/** `hardway schema`: the inventory's JSON Schema, for editors. */
import { type ExitStatus, exitStatus } from '../cli/exit-status.ts';
import type { Io } from '../cli/io.ts';
import { inventoryJsonSchema } from '../inventory/json-schema.ts';

/** Runs the command. */
export function schema(_options: object, io: Io): ExitStatus {
  io.stdout(`${JSON.stringify(inventoryJsonSchema(), null, 2)}\n`);
  return exitStatus.done;
}
