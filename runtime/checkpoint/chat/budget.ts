/** Without this file a template could loop for hours or fill the memory: it comes with a download, and nobody has read it. */
import { TemplateError } from "./template_error.ts";

/** Steps for any conversation, and for each of its characters. 133 published templates stay below a hundredth of it; all of it takes less than a second. */
const STEPS = 3_000_000;
const STEPS_PER_CHARACTER = 50;
/** Macros that call one another. */
const MOST_CALLS = 64;

/** What one rendering may do: counted, and not timed, so that the same template ends at the same place on every machine. */
export interface Budget {
  /** So many nodes were evaluated, or characters and elements made. @throws TemplateError `endless` */
  spend(steps: number): void;
  /** One macro deeper while `work` is done. @throws TemplateError `endless` */
  deeper<T>(work: () => T): T;
}

/** `characters`: of what is rendered. */
export function createBudget(characters: number): Budget {
  let left = STEPS + STEPS_PER_CHARACTER * characters;
  let depth = 0;
  return {
    spend: (steps) => {
      left -= steps;
      if (left < 0) throw new TemplateError("endless", "it takes more steps than any template needs");
    },
    deeper: (work) => {
      if (++depth > MOST_CALLS) throw new TemplateError("endless", `its macros call one another more than ${MOST_CALLS} deep`);
      try {
        return work();
      } finally {
        depth--;
      }
    },
  };
}
