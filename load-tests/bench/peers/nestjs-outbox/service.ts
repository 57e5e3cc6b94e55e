// @fullstackhouse/nestjs-outbox with its MikroORM driver, as its README has it: the user and its event in one flush.
import { randomUUID } from 'node:crypto'
import {
  MikroORMDatabaseDriverFactory,
  MikroOrmOutboxTransportEvent,
  OutboxMigrations,
} from '@fullstackhouse/nestjs-outbox-mikro-orm-driver'
import {
  OnEvent,
  type OutboxEvent,
  OutboxModule,
  TransactionalEventEmitter,
  TransactionalEventEmitterOperations,
} from '@fullstackhouse/nestjs-outbox'
import { Entity, MikroORM, PrimaryKey, Property } from '@mikro-orm/core'
import { Migrator } from '@mikro-orm/migrations'
import { MikroOrmModule } from '@mikro-orm/nestjs'
import { PostgreSqlDriver } from '@mikro-orm/postgresql'
import { Body, Controller, Get, Inject, Injectable, Module, Post } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { UserEvent } from '../shared/event.ts'
import { Publisher } from '../shared/publisher.ts'
import { settings } from '../shared/settings.ts'

const { brokerUrl, queue, isBest, postgresUrl } = settings
const publisher = new Publisher(brokerUrl, queue, true)
await publisher.start()

@Entity({ tableName: 'users' })
class User {
  @PrimaryKey({ type: 'uuid' }) id!: string
  @Property({ type: 'text' }) first_name!: string
  @Property({ type: 'text' }) last_name!: string
  @Property({ type: 'text' }) email!: string
  @Property({ type: 'integer' }) version!: number
}

class UserChanged implements OutboxEvent {
  readonly name = 'UserChanged'
  constructor(readonly event: UserEvent) {}
}

@Injectable()
class UserListener {
  @OnEvent('UserChanged') async publish({ event }: UserChanged) {
    await publisher.publish(event)
  }
}

@Controller()
class UsersController {
  constructor(@Inject(TransactionalEventEmitter) private readonly events: TransactionalEventEmitter) {}

  @Get('health/ready') ready() {
    return { status: 'ok' }
  }

  @Post('users') async create(@Body() body: Partial<User>) {
    const user = Object.assign(new User(), body, { id: randomUUID(), version: 1 })
    const { version, ...data } = user
    const occurred_at = new Date().toISOString()
    await this.events.emit(
      new UserChanged({ type: 'user.created', id: user.id, version, occurred_at, data }),
      [{ entity: user, operation: TransactionalEventEmitterOperations.persist }],
    )
    return { id: user.id, version }
  }
}

// Not as a URL: its listener reads the parts.
const { hostname, port, username, password, pathname } = new URL(postgresUrl)
const connection = {
  driver: PostgreSqlDriver,
  host: hostname,
  port: Number(port),
  user: username,
  password,
  dbName: pathname.slice(1),
  extensions: [Migrator],
  migrations: {
    migrationsList: OutboxMigrations.map((one) => ({ name: one.name, class: one })),
    snapshot: false,
  },
}

const listeners = { retentionPeriod: 24 * 3_600_000, maxExecutionTime: 15_000, maxRetries: 5 }
@Module({
  imports: [
    MikroOrmModule.forRoot({
      ...connection,
      entities: [User, MikroOrmOutboxTransportEvent],
      pool: { min: 0, max: 20 },
      allowGlobalContext: true,
    }),
    OutboxModule.registerAsync({
      imports: [MikroOrmModule.forFeature([MikroOrmOutboxTransportEvent])],
      useFactory: (orm: MikroORM) => ({
        driverFactory: new MikroORMDatabaseDriverFactory(orm),
        events: [{ name: 'UserChanged', listeners }],
        pollingInterval: isBest ? 50 : 30_000,
        maxEventsPerPoll: isBest ? 200 : 10,
        ...(isBest ? { enableDefaultMiddlewares: false } : undefined),
      }),
      inject: [MikroORM],
    }),
  ],
  controllers: [UsersController],
  providers: [UserListener],
})
// oxlint-disable-next-line typescript/no-extraneous-class -- as Nest wants it
class AppModule {}

// Before the poller looks for its table.
const orm = await MikroORM.init({ ...connection, entities: [MikroOrmOutboxTransportEvent] })
await orm.getMigrator().up()
await orm.close()
const app = await NestFactory.create(AppModule, { logger: ['error'] })
await app.listen(settings.port, '127.0.0.1')
