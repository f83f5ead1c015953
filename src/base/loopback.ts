/** Whether only this machine itself can reach what listens on `host`: a name or an address, IPv6 with or without brackets. */
export function isLoopbackHost(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}
