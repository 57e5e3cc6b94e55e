import { brokerPermissions } from '../shared/messaging/permissions.ts'
import { askBroker } from './stack/broker-api.ts'

/** By name, the AMQP URL that a process is given: its user, its password, its virtual host. */
export type BrokerUrls = Readonly<Record<keyof typeof brokerPermissions, string>>

/**
 * Makes the broker's users of relay and query, with the rights of each and no more; one that is there gets this
 * password and these rights. Safe to repeat.
 * @param apiUrl the management API, with an administrator's login
 */
export async function makeBrokerUsers(apiUrl: string, urls: BrokerUrls): Promise<void> {
  const api = { RABBITMQ_API_URL: apiUrl }
  for (const [name, permissions] of Object.entries(brokerPermissions)) {
    const { username, password, pathname } = new URL(urls[name as keyof BrokerUrls])
    const user = `/api/users/${username}`
    await askBroker(api, 'PUT', user, { password: decodeURIComponent(password), tags: '' })
    const vhost = pathname.length > 1 ? pathname.slice(1) : '%2F'
    await askBroker(api, 'PUT', `/api/permissions/${vhost}/${username}`, permissions)
  }
}
