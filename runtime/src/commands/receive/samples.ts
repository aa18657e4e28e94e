import { receiverMetrics } from '../../contract/metrics.ts';
import type { Sample } from '../../metrics/sample.ts';
import { samplesFrom, type MetricTable } from '../../metrics/table.ts';
import type { ReceiverState } from '../../wal/receiver-state.ts';

/** A receiver's state, looked at now. */
interface Look {
  readonly state: ReceiverState;
  readonly now: Date;
}

const table: MetricTable<typeof receiverMetrics, Look, 'target'> = {
  walConnected: ({ state }) => state.isConnected,
  walInfo: ({ state: { identity } }) =>
    identity ? [{ labels: { system: identity.system, timeline: `${identity.timeline}` }, value: 1 }] : [],
  walRecoveryPoint: ({ state }) => state.point.at() && Number(state.point.at()) / 1000,
  walLagSeconds: ({ state, now }) => {
    const at = state.point.at();
    return at && Math.max(0, now.getTime() - at.getTime()) / 1000;
  },
  walLagBytes: ({ state: { serverEnd, stored } }) =>
    serverEnd === undefined || stored === undefined ? undefined : Math.max(0, Number(serverEnd - stored)),
  walGaps: ({ state }) => state.gaps,
  walPieces: ({ state }) => state.pieces,
  walLogBytes: ({ state }) => state.logBytes,
  walStoredBytes: ({ state }) => state.storedBytes,
  walSlot: ({ state: { slot } }) =>
    slot ? [{ labels: { slot: slot.name, status: slot.status }, value: 1 }] : [],
  walSlotSafeBytes: ({ state: { slot } }) =>
    slot?.safeBytes === undefined ? undefined : Number(slot.safeBytes),
};

/** What a scrape of a receiver is answered with. */
export const receiverSamples = (target: string, state: ReceiverState, now: Date): readonly Sample[] =>
  samplesFrom(receiverMetrics, table, { target }, { state, now });
