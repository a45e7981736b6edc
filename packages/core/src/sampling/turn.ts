/** Lets the event loop go round once. A timer would do it too, but sleeps for one millisecond in Node and up to four in a browser. */
export function turn(): Promise<void> {
  const { setImmediate: soon } = globalThis as { setImmediate?: (then: () => void) => void };
  return new Promise((resolve) => {
    if (soon) {
      soon(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
