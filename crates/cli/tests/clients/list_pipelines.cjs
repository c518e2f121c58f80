// The same with the Node client: `list_pipelines.cjs FOLDER [PROJECT]`, where FOLDER has the client.
const { createRequire } = require("node:module");
const api = createRequire(process.argv[2] + "/")("azure-devops-node-api");
const { SYSTEM_ACCESSTOKEN, SYSTEM_COLLECTIONURI, SYSTEM_TEAMPROJECT } = process.env;

(async () => {
  const connection = new api.WebApi(SYSTEM_COLLECTIONURI, api.getHandlerFromToken(SYSTEM_ACCESSTOKEN));
  const pipelines = await (await connection.getPipelinesApi()).listPipelines(process.argv[3] ?? SYSTEM_TEAMPROJECT);
  for (const pipeline of pipelines ?? []) console.log(pipeline.name);
})().catch((refusal) => {
  console.error(refusal.message);
  process.exit(3);
});
