/** Without this file a template that prints today's date would give other tokens tomorrow. */
import { MONTHS } from "../../../src/ops/day.ts";
import { TemplateError } from "./template_error.ts";

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** `strftime` of Python in the C locale, for midnight of a day. @throws TemplateError `unsupported` for a format it does not know */
export function strftime(day: string, format: string): string {
  const date = new Date(`${day}T00:00:00Z`);
  const two = (value: number): string => String(value).padStart(2, "0");
  const [year, month, ofMonth, ofWeek] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), date.getUTCDay()];
  const ofYear = Math.round((date.getTime() - Date.UTC(year, 0, 1)) / 86_400_000) + 1;
  const known: Readonly<Record<string, string>> = {
    "%": "%", Y: String(year), y: two(year % 100), m: two(month + 1), B: MONTHS[month]!, b: MONTHS[month]!.slice(0, 3), h: MONTHS[month]!.slice(0, 3), d: two(ofMonth), e: String(ofMonth).padStart(2, " "),
    A: DAYS[ofWeek]!, a: DAYS[ofWeek]!.slice(0, 3), j: String(ofYear).padStart(3, "0"), u: String(ofWeek === 0 ? 7 : ofWeek), w: String(ofWeek), H: "00", I: "12", M: "00", S: "00", f: "000000", p: "AM", Z: "", z: "",
    F: day, T: "00:00:00", R: "00:00", D: `${two(month + 1)}/${two(ofMonth)}/${two(year % 100)}`, n: "\n", t: "\t",
  };
  return format.replace(/%(-?)(.)/gsu, (_, short: string, letter: string) => {
    const text = Object.hasOwn(known, letter) ? known[letter]! : undefined;
    if (text === undefined) throw new TemplateError("unsupported", `\`strftime_now\` is asked for %${short}${letter}`);
    return short === "" ? text : text.replace(/^[0 ]+(?=.)/, "");
  });
}

/** As Llama's templates write a day: 26 Jul 2024. */
export function dayShown(day: string): string {
  return strftime(day, "%d %b %Y");
}
