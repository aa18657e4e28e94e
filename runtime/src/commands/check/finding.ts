import type { Survey } from '../../archives/survey.ts';
import type { App } from '../../session/app.ts';
import type { Checked } from './result.ts';

/** Something in a store that is not as a finished run leaves it. */
export interface Finding extends Pick<Checked, 'target' | 'store' | 'kind' | 'key' | 'message' | 'severity'> {
  /** Fixes it, and says what it did. Absent where a person must decide. */
  readonly repair?: (() => Promise<string>) | undefined;
}

/** One target in one store, and the same target in all stores. */
export interface Place {
  readonly app: App;
  readonly target: string;
  readonly here: Survey;
  readonly all: readonly Survey[];
  /** Archives that were deleted or written over are to come back. */
  readonly undelete: boolean;
}

/** A finding of a place. */
export type Found = Omit<Finding, 'target' | 'store'>;
