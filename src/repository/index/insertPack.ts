import { sql, type Transaction } from 'kysely'
import type { StateTables } from '../../state/tables.ts'
import type { FinishedPack } from '../types.ts'

/**
 * Adds a durable pack and its chunks. An encoding that a live pack holds already keeps its row, and ours is garbage in our
 * pack; a row that points into a pack that is no longer live is turned to ours.
 *
 * @returns the row ids of all packs that now hold these encodings, ours among them
 */
export async function insertPack(trx: Transaction<StateTables>, pack: FinishedPack): Promise<number[]> {
  const { id } = await trx
    .insertInto('pack')
    .values({ name: pack.name, length_bytes: pack.lengthBytes, sha256: pack.sha256 })
    .returning('id')
    .executeTakeFirstOrThrow()
  if (pack.blobs.length === 0) return [id]
  // one packed bytea instead of two arrays: the driver writes arrays of bytea as text
  const packed = Buffer.allocUnsafe(pack.blobs.length * 64)
  pack.blobs.forEach((blob, index) => {
    blob.id.copy(packed, index * 64)
    blob.encMac.copy(packed, index * 64 + 32)
  })
  const offsets = pack.blobs.map((blob) => blob.offset)
  const lengths = pack.blobs.map((blob) => blob.storedLen)
  const blobs = sql`
    select substring(p.packed from (b.i::int - 1) * 64 + 1 for 32) as id,
      substring(p.packed from (b.i::int - 1) * 64 + 33 for 32) as enc_mac, b.off, b.stored_len
    from (select ${packed}::bytea as packed) p,
      unnest(${offsets}::int[], ${lengths}::int[]) with ordinality b(off, stored_len, i)`
  // sorted, so that two writers of the same chunks wait for each other instead of dying in a deadlock
  await sql`
    insert into chunk (id, enc_mac, pack_id, off, stored_len)
    select distinct on (t.id, t.enc_mac) t.id, t.enc_mac, ${id}::bigint, t.off, t.stored_len from (${blobs}) t
    order by t.id, t.enc_mac
    on conflict (id, enc_mac) do update set pack_id = excluded.pack_id, off = excluded.off, stored_len = excluded.stored_len
      where not exists (select from pack p where p.id = chunk.pack_id and p.state = 'live')`.execute(trx)
  const { rows } = await sql<{ pack_id: number }>`
    select distinct c.pack_id from (${blobs}) t join chunk c on c.id = t.id and c.enc_mac = t.enc_mac`.execute(trx)
  return [...new Set([id, ...rows.map((row) => row.pack_id)])]
}
