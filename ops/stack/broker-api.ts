/** A request to the management API. @throws when it is refused */
export async function askBroker<T = unknown>(
  env: { readonly RABBITMQ_API_URL: string },
  method: 'GET' | 'PUT' | 'DELETE' | 'POST',
  path: string,
  body?: object,
): Promise<T> {
  const { origin, username, password } = new URL(env.RABBITMQ_API_URL)
  const answer = await fetch(origin + path, {
    method,
    keepalive: false,
    headers: {
      authorization: `Basic ${btoa(`${username}:${password}`)}`,
      'content-type': 'application/json',
    },
    ...(body === undefined ? undefined : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return (text ? JSON.parse(text) : undefined) as T
}
