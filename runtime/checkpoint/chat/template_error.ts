/** Without this file a template that refuses a conversation could not be told from one that is broken, or has no end. */

/** `raised` by the template itself · `failed`: it does what cannot be done · `unsupported`: nobody here can do it · `endless`: it takes more than it may. */
export class TemplateError extends Error {
  readonly kind: "raised" | "failed" | "unsupported" | "endless";
  constructor(kind: TemplateError["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}
