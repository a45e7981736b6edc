/** What platforms have for it: Node the first, browsers the second. */
interface Platform {
  readonly setImmediate?: (then: () => void) => void;
  readonly MessageChannel: new () => { readonly port1: Port; readonly port2: Port };
}

interface Port {
  onmessage: (() => void) | null;
  postMessage(message: undefined): void;
  close(): void;
}

/** Lets the event loop go round once. A timer would do it too, but sleeps for one millisecond in Node and up to four in a browser. */
export function turn(): Promise<void> {
  const { setImmediate: soon, MessageChannel } = globalThis as unknown as Platform;
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
