import { spawn } from "node:child_process";

/** How each system opens an address; without a shell, which would read the address. */
const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
  linux: ["xdg-open"],
};

/** Tries to open the person's browser; where that fails the printed address is all there is. */
export function openBrowser(address: string): void {
  const opener = openers[process.platform];
  if (opener === undefined) return;
  const hasScreen =
    process.platform !== "linux" ||
    process.env["DISPLAY"] !== undefined ||
    process.env["WAYLAND_DISPLAY"] !== undefined;
  if (!hasScreen) return;
  const [command, ...args] = opener;
  const child = spawn(command, [...args, address], { stdio: "ignore", detached: true });
  // No such program: the address stands in the terminal.
  child.once("error", () => undefined);
  child.unref();
}
