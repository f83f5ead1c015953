const post = (host: string, authorization: string, rest: string) =>
  `POST /v1/chat/completions HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${authorization}\r\n` +
  `Content-Type: application/json\r\n${rest}`;

const wrong = (host: string) => post(host, `rbee_${"A".repeat(43)}`, "Content-Length: 2\r\n\r\n{}");

/** What a flood is made of: a host, and a token of the role infer where one is shown, become a request. */
export const FLOODS = {
  "wrong token": wrong,
  "bad JSON": (host: string, token: string) => post(host, token, "Content-Length: 1\r\n\r\n{"),
  "too large": (host: string, token: string) =>
    post(host, token, "Content-Length: 9000000\r\n\r\n"),
  "unknown path": (host: string, token: string) =>
    `GET /v1/nothing HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  "too often": (host: string, token: string) =>
    `GET /v1/models HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  "leaving": wrong,
} as const;
export type FloodKind = keyof typeof FLOODS;
