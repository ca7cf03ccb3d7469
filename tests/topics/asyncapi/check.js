// Reads an AsyncAPI document from standard input; prints what AsyncAPI's own parser says of it as JSON:
// {"valid": whether a document came out, "problems": [{severity, path, message}]}. Severity 0 is an error, 1 a warning.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(readFileSync(0, "utf8"));
const problems = diagnostics.map(({ severity, path, message }) => ({ severity, path: path.join("."), message }));
console.log(JSON.stringify({ valid: document !== undefined, problems }));
