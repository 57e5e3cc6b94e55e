// The write side on pg-transactional-outbox: the user and its message in one transaction, as its README shows.
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Pool, type PoolClient } from 'pg'
import outbox from 'pg-transactional-outbox'
import type { UserEvent } from '../shared/event.ts'
import { settings } from '../shared/settings.ts'
import { config } from './config.ts'

const logger = outbox.getDefaultLogger('outbox')
const storeOutboxMessage = outbox.initializeMessageStorage(config, logger)
const pool = new Pool({ connectionString: settings.postgresUrl, max: 20 })
pool.on('error', (error) => logger.error(error, 'PostgreSQL pool error'))

interface Answer {
  readonly status: number
  readonly event?: UserEvent
}
const COLUMNS = `id, first_name, last_name, email, version, instant(created_at) AS created_at,
  instant(updated_at) AS updated_at, instant(now()) AS occurred_at`

async function act(
  client: PoolClient,
  request: IncomingMessage,
  body: Record<string, string>,
): Promise<Answer> {
  const id = request.url!.split('/')[2] ?? ''
  const { first_name, last_name, email } = body
  switch (request.method) {
    case 'POST': {
      const { rows } = await client.query(
        `INSERT INTO users VALUES ($1, $2, $3, $4, 1, now(), now()) RETURNING ${COLUMNS}`,
        [randomUUID(), first_name, last_name, email],
      )
      return { status: 201, event: changed('user.created', rows[0]) }
    }
    case 'PUT': {
      const { rows } = await client.query(
        `UPDATE users SET first_name = $2, last_name = $3, email = $4, version = version + 1, updated_at = now()
         WHERE id = $1 RETURNING ${COLUMNS}`,
        [id, first_name, last_name, email],
      )
      return rows[0] ? { status: 200, event: changed('user.updated', rows[0]) } : { status: 404 }
    }
    case 'DELETE': {
      const { rows } = await client.query(
        'DELETE FROM users WHERE id = $1 RETURNING id, version + 1 AS version, instant(now()) AS occurred_at',
        [id],
      )
      return rows[0] ? { status: 204, event: { type: 'user.deleted', ...rows[0] } } : { status: 404 }
    }
    default:
      return { status: 405 }
  }
}

const changed = (
  type: UserEvent['type'],
  { version, occurred_at, ...data }: Record<string, any>,
): UserEvent => ({
  type,
  id: data.id,
  version,
  occurred_at,
  data,
})

async function inTransaction(request: IncomingMessage, body: Record<string, string>): Promise<Answer> {
  const client = await pool.connect()
  client.removeAllListeners('error').on('error', () => {})
  try {
    await client.query('BEGIN')
    const answer = await act(client, request, body)
    const { event } = answer
    if (event)
      await storeOutboxMessage(
        {
          id: randomUUID(),
          aggregateType: 'user',
          messageType: event.type,
          aggregateId: event.id,
          // Left out as in the README all messages are sent one after another; by user they overtake nobody they should not.
          ...(settings.isBest ? { segment: event.id } : undefined),
          payload: event,
          createdAt: new Date().toISOString(),
        },
        client,
      )
    await client.query('COMMIT')
    client.release()
    return answer
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    client.release(true)
    throw error
  }
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'GET') return void response.end('{"status":"ok"}')
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  try {
    const text = Buffer.concat(chunks).toString()
    const { status, event } = await inTransaction(request, text ? JSON.parse(text) : {})
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(status === 204 ? undefined : JSON.stringify({ id: event?.id, version: event?.version }))
  } catch (error) {
    response.writeHead((error as { code?: string }).code === '23505' ? 409 : 503).end()
  }
}

createServer((request, response) => void serve(request, response)).listen(settings.port, '127.0.0.1')
