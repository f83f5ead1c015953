/** Whether systemd's tools are on this machine; it need not run. Says so loudly where they are not. */
export function hasSystemdTools(): boolean {
  const has = ["systemd-analyze", "systemctl"].every((name) =>
    (Deno.env.get("PATH") ?? "").split(":").some((folder) => {
      try {
        return Deno.statSync(`${folder}/${name}`).isFile;
      } catch {
        return false;
      }
    })
  );
  if (!has) {
    Deno.stderr.writeSync(
      new TextEncoder().encode("LEFT OUT: no systemd-analyze here; apt-get install systemd\n"),
    );
  }
  return has;
}
