/** Without this file a remainder worked out before a query runs could differ from the same one in a row. */

/**
 * a % b with the sign of b, exact but for the last addition, as Python's: the remainder of IEEE 754, which is that of `a`'s sign, moved by b where the signs
 * differ. a − b·⌊a / b⌋ rounds the quotient: of 1e17 and 3 nothing would be left.
 */
export function remainder(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}
