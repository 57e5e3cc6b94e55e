// Save, then publish: what most samples of NestJS with TypeORM and RabbitMQ do.
import { randomUUID } from 'node:crypto'
import {
  Body,
  ConflictException,
  Controller,
  Delete,
  Get,
  HttpCode,
  Module,
  NotFoundException,
} from '@nestjs/common'
import { Param, Post, Put, ServiceUnavailableException } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm'
import {
  Column,
  CreateDateColumn,
  Entity,
  PrimaryColumn,
  Repository,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm'
import type { UserEvent } from '../shared/event.ts'
import { Publisher } from '../shared/publisher.ts'
import { settings } from '../shared/settings.ts'

const { brokerUrl, queue, isBest } = settings
const publisher = new Publisher(brokerUrl, queue, isBest)

@Entity('users')
class User {
  @PrimaryColumn('uuid') id!: string
  @Column('text') first_name!: string
  @Column('text') last_name!: string
  @Column('text') email!: string
  @VersionColumn() version!: number
  @CreateDateColumn({ type: 'timestamptz', precision: 3 }) created_at!: Date
  @UpdateDateColumn({ type: 'timestamptz', precision: 3 }) updated_at!: Date
}

@Controller()
class UsersController {
  constructor(@InjectRepository(User) private readonly users: Repository<User>) {}

  @Get('health/ready') ready() {
    return { status: 'ok' }
  }

  @Post('users') async create(@Body() body: Partial<User>) {
    const user = await this.users.save({ ...body, id: randomUUID() } as User).catch((error) => {
      throw error.code === '23505' ? new ConflictException() : error
    })
    return this.published('user.created', user)
  }

  /** Locked: a plain save() puts the version that it has read over a newer one. */
  @Put('users/:id') async replace(@Param('id') id: string, @Body() body: Partial<User>) {
    const user = await this.users.manager.transaction(async (entities) => {
      const found = await entities.findOne(User, { where: { id }, lock: { mode: 'pessimistic_write' } })
      return found && entities.save(entities.merge(User, found, body))
    })
    if (!user) throw new NotFoundException()
    return this.published('user.updated', user)
  }

  @Delete('users/:id') @HttpCode(204) async remove(@Param('id') id: string) {
    const [[gone]] = await this.users.query(
      'DELETE FROM users WHERE id = $1 RETURNING id, version + 1 AS version, instant(now()) AS occurred_at',
      [id],
    )
    if (!gone) throw new NotFoundException()
    await this.publish({ type: 'user.deleted', ...gone })
  }

  private async published(type: UserEvent['type'], user: User) {
    const { version, ...data } = user
    await this.publish({ type, id: user.id, version, occurred_at: user.updated_at.toISOString(), data })
    return { id: user.id, version }
  }

  /** At its best it waits for the confirm, and says 503 without one; else it logs, since the write has succeeded. */
  private async publish(event: UserEvent) {
    const sent = publisher.publish(event)
    if (isBest)
      await sent.catch((error) => {
        throw new ServiceUnavailableException(error.message)
      })
    else sent.catch((error) => process.stderr.write(`${error.message}\n`))
  }
}

const database = { type: 'postgres' as const, url: settings.postgresUrl, entities: [User], poolSize: 20 }
@Module({
  imports: [TypeOrmModule.forRoot(database), TypeOrmModule.forFeature([User])],
  controllers: [UsersController],
})
// oxlint-disable-next-line typescript/no-extraneous-class -- as Nest wants it
class AppModule {}

await publisher.start()
const app = await NestFactory.create(AppModule, { logger: ['error'] })
await app.listen(settings.port, '127.0.0.1')
