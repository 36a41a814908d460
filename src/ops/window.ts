/** Without this file what is read of a text and what is edited in it would be chosen, and told, in two ways. */
import type { Window } from "./op.ts";

/** As it would be written: `last 3 of prompt`; nothing where all tokens are meant. */
export function printWindow({ last, first, of }: Window): string {
  return [...(last === null ? [] : [`last ${last}`]), ...(first === null ? [] : [`first ${first}`]), ...(of === "all" ? [] : [`of ${of}`])].join(" ");
}
