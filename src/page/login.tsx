import type { TargetedSubmitEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { reconnect } from "./live_stream.ts";
import { sessionToken, tokenIn, useToken } from "./session_token.ts";

const REFUSED =
  "The queen does not know this token, or not any more. Look whether it was copied whole.";
const UNREADABLE =
  "This is no token: it has characters that no token has. Copy it anew, without what is around it.";

/** Asks for the token that the queen wants. It stays in this tab of the browser alone. */
export function Login() {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const [isUnreadable, setUnreadable] = useState(false);
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget).get("token");
    const token = tokenIn(typeof given === "string" ? given : "");
    setUnreadable(token === undefined);
    if (token === undefined) return;
    // The queen may know by now what she has refused before.
    if (token === sessionToken.peek()) reconnect();
    else useToken(token);
  };
  const problem = isUnreadable
    ? UNREADABLE
    : sessionToken.value === undefined
    ? undefined
    : REFUSED;
  return (
    <form class="login" onSubmit={submit}>
      <p>
        This queen answers only who shows a token. <code>rbee token create --role admin</code>{" "}
        makes one on her machine; one of the role <code>infer</code> is enough to chat.
      </p>
      <label for="token">Token</label>
      <input
        id="token"
        ref={field}
        name="token"
        type="password"
        autocomplete="off"
        spellcheck={false}
        required
        aria-invalid={problem !== undefined}
        aria-describedby={problem === undefined ? undefined : "token-refused"}
      />
      {problem !== undefined && <p id="token-refused" class="failure" role="alert">{problem}</p>}
      <div class="buttons">
        <button type="submit" class="primary">Use this token</button>
        <button type="button" class="quiet" onClick={reconnect}>Try again</button>
      </div>
      <p class="hint">
        It is kept in this tab, also over reloads; a copy of the tab has it, too, and so has one
        that the browser brings back. "Forget the token" ends that.
      </p>
    </form>
  );
}
