// Types of codecs that come without any, as far as they are used.

declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  export interface WasmFrameInfo {
    readonly width: number;
    readonly height: number;
    readonly bitsPerSample: number;
    readonly componentCount: number;
    readonly isSigned?: boolean;
  }
  export interface WasmSettings {
    readonly print: (text: string) => void;
    readonly printErr: (text: string) => void;
  }
  export interface WasmDecoder {
    getEncodedBuffer(length: number): Uint8Array;
    getDecodedBuffer(): Uint8Array;
    decode(): void;
    getFrameInfo(): WasmFrameInfo;
    delete(): void;
  }
  export interface WasmDecoderModule {
    readonly J2KDecoder: new () => WasmDecoder;
  }
  const open: (settings: WasmSettings) => Promise<WasmDecoderModule>;
  export default open;
}

declare module '@cornerstonejs/codec-charls/decodewasmjs' {
  import type { WasmDecoder, WasmSettings } from '@cornerstonejs/codec-openjpeg/decodewasmjs';

  const open: (settings: WasmSettings) => Promise<{ readonly JpegLSDecoder: new () => WasmDecoder }>;
  export default open;
}

declare module 'jpeg-lossless-decoder-js' {
  export class Decoder {
    constructor(buffer?: ArrayBuffer | null, numBytes?: number);
    decode(buffer: ArrayBuffer, offset: number, length: number, numBytes?: number): { buffer: ArrayBuffer };
    readonly frame: {
      readonly dimX: number;
      readonly dimY: number;
      readonly numComp: number;
      readonly precision: number;
    };
  }
}
