import type { Outcome } from '../../core/outcome.ts';
import { readAudit } from '../../runs/audit.ts';
import { provenEntry } from '../../runs/audit-entry.ts';
import { auditProblem, verifyAudit, type AuditReport } from '../../runs/audit-verify.ts';
import type { App } from '../../session/app.ts';
import type { ShownEntry } from './result.ts';

/** Every entry of the trail, oldest first. */
export const showAudit = async ({ stores, keys }: App): Promise<Outcome<readonly ShownEntry[]>> => {
  const entries: ShownEntry[] = [];
  for await (const { entry } of readAudit(stores.primary))
    if (entry) entries.push({ ...entry, proof: await provenEntry(entry, keys) });
  return { result: entries };
};

/** Whether the trail is whole. */
export const proveAudit = async ({ stores, keys, plan }: App): Promise<Outcome<AuditReport>> => {
  const report = await verifyAudit(stores.primary, keys, plan.environment);
  return { result: report, problem: auditProblem(report) };
};
