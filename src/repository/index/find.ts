import { type Kysely, sql } from 'kysely'
import type { StateTables } from '../../state/tables.ts'
import { sealBytes } from '../blob.ts'
import type { ChunkLocation, ChunkRef, FoundChunk } from '../types.ts'

/** Ids are sent in one packed bytea and joined to a series: one look-up of 1,000 ids costs about 20 ms. */
export const batchMax = 1000

/**
 * Finds ids in live packs and pins these packs for the session, in one statement: the pack rows are locked against a
 * collector until the pins stand. A chunk in a condemned, deleted or missing pack does not exist here.
 */
export async function findAndPin(
  db: Kysely<StateTables>,
  session: string,
  ids: readonly Buffer[],
): Promise<(FoundChunk | null)[]> {
  const { rows } = await sql<{ i: number; enc_mac: Buffer; stored_len: number }>`
    with found as materialized (
      select g.i, c.enc_mac, c.stored_len, c.pack_id
      from generate_series(0, ${ids.length}::int - 1) g(i)
      join chunk c on c.id = substring(${Buffer.concat(ids)}::bytea from g.i * 32 + 1 for 32)
      join pack p on p.id = c.pack_id and p.state = 'live'
      for share of p),
    pinned as (
      insert into pin (session_id, pack_id) select ${session}, pack_id from found group by pack_id on conflict do nothing)
    select i, enc_mac, stored_len from found order by i, pack_id`.execute(db)
  const result: (FoundChunk | null)[] = ids.map(() => null)
  for (const row of rows) result[row.i] ??= { encMac: row.enc_mac, encLen: row.stored_len - sealBytes }
  return result
}

/** Pins the packs of exactly these encodings; gives the places of those that no live pack holds. */
export async function pinRefs(db: Kysely<StateTables>, session: string, refs: readonly ChunkRef[]): Promise<number[]> {
  const { rows } = await sql<{ i: number }>`
    with found as materialized (
      select g.i, c.pack_id
      from generate_series(0, ${refs.length}::int - 1) g(i)
      join chunk c on c.id = substring(${idsAndMacs(refs)}::bytea from g.i * 64 + 1 for 32)
        and c.enc_mac = substring(${idsAndMacs(refs)}::bytea from g.i * 64 + 33 for 32)
      join pack p on p.id = c.pack_id and p.state = 'live'
      for share of p),
    pinned as (
      insert into pin (session_id, pack_id) select ${session}, pack_id from found group by pack_id on conflict do nothing)
    select i from found`.execute(db)
  return placesWithout(refs.length, rows)
}

/** The places of those whose pack is not live or not pinned by this session. */
export async function findUnpinned(db: Kysely<StateTables>, session: string, refs: readonly ChunkRef[]): Promise<number[]> {
  const { rows } = await sql<{ i: number }>`
    select g.i
    from generate_series(0, ${refs.length}::int - 1) g(i)
    join chunk c on c.id = substring(${idsAndMacs(refs)}::bytea from g.i * 64 + 1 for 32)
      and c.enc_mac = substring(${idsAndMacs(refs)}::bytea from g.i * 64 + 33 for 32)
    join pack p on p.id = c.pack_id and p.state = 'live'
    join pin on pin.session_id = ${session} and pin.pack_id = p.id`.execute(db)
  return placesWithout(refs.length, rows)
}

/** Where these encodings can be read: a condemned pack still can. Null where none is left. */
export async function findLocations(db: Kysely<StateTables>, refs: readonly ChunkRef[]): Promise<(ChunkLocation | null)[]> {
  const { rows } = await sql<{ i: number; name: string; off: number; stored_len: number }>`
    select g.i, p.name, c.off, c.stored_len
    from generate_series(0, ${refs.length}::int - 1) g(i)
    join chunk c on c.id = substring(${idsAndMacs(refs)}::bytea from g.i * 64 + 1 for 32)
      and c.enc_mac = substring(${idsAndMacs(refs)}::bytea from g.i * 64 + 33 for 32)
    join pack p on p.id = c.pack_id and p.state in ('live', 'condemned')`.execute(db)
  const result: (ChunkLocation | null)[] = refs.map(() => null)
  for (const row of rows) result[row.i] = { pack: row.name, offset: row.off, storedLen: row.stored_len }
  return result
}

/** Runs `look` over slices of at most 1,000 and gives the places in the whole. */
export async function inBatches<T>(all: readonly T[], look: (batch: readonly T[]) => Promise<number[]>): Promise<number[]> {
  const places: number[] = []
  for (let from = 0; from < all.length; from += batchMax) {
    for (const place of await look(all.slice(from, from + batchMax))) places.push(from + place)
  }
  return places
}

function idsAndMacs(refs: readonly ChunkRef[]): Buffer {
  const bytes = Buffer.allocUnsafe(refs.length * 64)
  refs.forEach((ref, index) => {
    ref.id.copy(bytes, index * 64)
    ref.encMac.copy(bytes, index * 64 + 32)
  })
  return bytes
}

function placesWithout(count: number, rows: readonly { i: number }[]): number[] {
  const there = new Uint8Array(count)
  for (const row of rows) there[row.i] = 1
  const missing: number[] = []
  for (let i = 0; i < count; i++) if (there[i] === 0) missing.push(i)
  return missing
}
