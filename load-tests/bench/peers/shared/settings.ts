/** What the harness says to each process of a peer. */
export const settings = {
  port: Number(process.env.PORT),
  postgresUrl: process.env.POSTGRES_URL ?? '',
  brokerUrl: process.env.RABBITMQ_URL ?? '',
  queue: 'users',
  /** As the project's own page says, or with everything set that helps against loss. */
  isBest: process.env.PEER_SETTING === 'best',
}
