// Tells the Go test how each story ended: one JSON object a line.
export default async function* reporter(source) {
  for await (const { type, data } of source) {
    if (type === "test:stderr" || type === "test:stdout") {
      yield `${JSON.stringify({ said: data.message })}\n`;
    } else if ((type === "test:pass" || type === "test:fail") && data.details?.type !== "suite") {
      const cause = data.details.error?.cause ?? data.details.error;
      yield `${JSON.stringify({
        story: data.name, file: data.file, passed: type === "test:pass", skipped: data.skip !== undefined || data.todo !== undefined,
        seconds: data.details.duration_ms / 1000, fault: type === "test:pass" ? "" : String(cause?.stack ?? cause),
      })}\n`;
    }
  }
}
