// PostGraphile 5 as its documentation sets it up for row level security: the role and the settings that the policies
// ask for are set for each request, from headers that it believes.
import { createServer } from 'node:http'
import { grafserv } from 'postgraphile/grafserv/node'
import { postgraphile } from 'postgraphile'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { makePgService } from 'postgraphile/adaptors/pg'

const url = new URL(process.env.BENCH_DATABASE.replace(/@[^/]*/, '@localhost'))
const host = decodeURIComponent(process.env.BENCH_DATABASE.match(/@([^/]*)/)[1])
const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({
    poolConfig: { host, user: url.username, database: url.pathname.slice(1), max: 16 },
    schemas: ['identity', 'chat', 'sales', 'finance', 'governance']
  })],
  grafserv: { graphiql: false, watch: false },
  grafast: {
    explain: false,
    context: ({ node }) => ({
      pgSettings: {
        role: 'portico_app',
        'app.organization_id': node?.req.headers['x-organization'] ?? '',
        'app.user_id': node?.req.headers['x-person'] ?? '',
        'app.region': '',
        'app.department_id': '',
        'app.conversations': 'all',
        'app.change_source': 'user'
      }
    })
  }
})
const server = createServer()
await instance.createServ(grafserv).addTo(server)
if (process.argv[2] === 'schema') {
  const { printSchema } = await import('postgraphile/graphql')
  console.log(printSchema(await instance.getSchema()))
  process.exit()
}
server.listen(0, '127.0.0.1', () => console.log(`127.0.0.1:${server.address().port}`))
