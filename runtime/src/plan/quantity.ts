/** Amounts as the plan writes them, for programs that read a plan. */
export { quantityValue } from '../core/quantity.ts';
