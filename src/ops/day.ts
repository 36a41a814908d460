/** Without this file the day that a chat template prints could be written in one way only, or be none. */

/** What the templates of Llama 3.1 and later print where nobody names a date: 26 July 2024. */
export const USUAL_DAY = "2024-07-26";

export const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/** A day written as 2024-07-26 or 26 Jul 2024, as the former; null for what is no day. */
export function dayOf(text: string): string | null {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  const [, dayOfMonth, name, fullYear] = /^(\d{1,2}) ([A-Za-z]+) (\d{4})$/.exec(text) ?? [];
  const number = name === undefined ? Number(month) : 1 + MONTHS.findIndex((each) => each.toLowerCase() === name.toLowerCase() || each.slice(0, 3).toLowerCase() === name.toLowerCase());
  const iso = `${year ?? fullYear}-${String(number).padStart(2, "0")}-${(day ?? dayOfMonth ?? "").padStart(2, "0")}`;
  const date = new Date(`${iso}T00:00:00Z`);
  return Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== iso ? null : iso;
}
