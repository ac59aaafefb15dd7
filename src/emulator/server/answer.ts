/** What a handler says; `send-answer.ts` puts it on the wire. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AnswerBody;
}

type AnswerBody =
  | { readonly kind: "none" }
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "text"; readonly text: string; readonly contentType: string }
  /** Produced piece by piece while it is sent; never held whole. */
  | { readonly kind: "stream"; readonly chunks: Iterable<string>; readonly contentType: string };

type Headers = Readonly<Record<string, string>>;

export const jsonAnswer = (status: number, value: unknown, headers: Headers = {}): Answer => ({
  status,
  headers,
  body: { kind: "json", value },
});

export const emptyAnswer = (status: number, headers: Headers = {}): Answer => ({
  status,
  headers,
  body: { kind: "none" },
});

export const textAnswer = (
  status: number,
  contentType: string,
  text: string,
  headers: Headers = {},
): Answer => ({
  status,
  headers,
  body: { kind: "text", text, contentType },
});

export const streamAnswer = (
  contentType: string,
  chunks: Iterable<string>,
  headers: Headers = {},
): Answer => ({
  status: 200,
  headers,
  body: { kind: "stream", chunks, contentType },
});
