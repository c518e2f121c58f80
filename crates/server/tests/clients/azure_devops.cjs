// Calls of the real Node client of Azure DevOps: `azure_devops.cjs FOLDER BASE` with {token, scheme, calls} on stdin.
// A call is [client, method, arguments]; what each came to is {"is": …} or {"status", "says"}.
const [folder, base] = process.argv.slice(2);
const { createRequire } = require("node:module");
const api = createRequire(folder + "/")("azure-devops-node-api");

const read = async () => {
  let text = "";
  for await (const part of process.stdin) text += part;
  return JSON.parse(text);
};

const outcome = async (connection, [client, method, given]) => {
  try {
    if (client === "connection") return { is: await connection[method]() };
    const found = await connection[`get${client}Api`]();
    return { is: await found[method](...given) };
  } catch (error) {
    return { status: error.statusCode ?? null, says: error.message };
  }
};

(async () => {
  const { token, scheme, calls } = await read();
  const handlers = {
    basic: api.getPersonalAccessTokenHandler,
    bearer: api.getBearerHandler,
    auto: api.getHandlerFromToken,
  };
  const connection = new api.WebApi(base, handlers[scheme](token));
  const outcomes = [];
  for (const call of calls) outcomes.push(await outcome(connection, call));
  process.stdout.write(JSON.stringify(outcomes));
})();
