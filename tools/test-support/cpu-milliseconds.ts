/**
 * What this process has computed so far, all its threads together: what a limit on work is held against, for the clock also counts what
 * others do on the machine.
 */
export function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
