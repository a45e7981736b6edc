/** A shallow copy of a protobuf message with some fields replaced; unknown fields and unset fields stay as they are. */
export function copyMessage<T extends object>(message: T, changes: Partial<T>): T {
  // Unset proto2 fields live on the prototype: a plain spread would lose them.
  return Object.assign(Object.create(Object.getPrototypeOf(message)), message, changes);
}
