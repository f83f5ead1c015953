/** The end of systemd: a datagram socket on which a process tells its state. */
export class NotifySocket implements AsyncDisposable {
  /** What `NOTIFY_SOCKET` says. */
  readonly name: string;
  readonly #socket: Deno.DatagramConn;

  private constructor(name: string, socket: Deno.DatagramConn) {
    this.name = name;
    this.#socket = socket;
  }

  /** @param name A path, or `@` and an abstract name. */
  static open(name: string): NotifySocket {
    const path = name.startsWith("@") ? `\0${name.slice(1)}` : name;
    return new NotifySocket(name, Deno.listenDatagram({ transport: "unixpacket", path }));
  }

  /** The next message. */
  async next(): Promise<string> {
    const [bytes] = await this.#socket.receive();
    return new TextDecoder().decode(bytes);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    return Promise.resolve();
  }
}
