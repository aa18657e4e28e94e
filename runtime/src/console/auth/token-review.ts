import { z } from 'zod';
import type { Cluster } from '../../cluster/api.ts';
import { BackupError } from '../../core/errors.ts';
import type { Caller } from './caller.ts';
import { remembered } from '../state/remembered.ts';

const reviewSchema = z.object({
  status: z.object({
    authenticated: z.boolean().default(false),
    user: z
      .object({
        username: z.string().default(''),
        groups: z.array(z.string()).default([]),
        extra: z.record(z.string(), z.array(z.string())).default({}),
      })
      .prefault({}),
  }),
});

/** Longest token that is asked about. @default 8 KiB - those of identity providers with many groups have 4 */
const mostTokenBytes = 8192;

const tokenForm = /^[\w.~+/=-]+$/;

/** How long an answer counts: a token that was revoked works that much longer. @default 60 s */
const rememberedMs = 60_000;

export type ReviewToken = (token: string) => Promise<Caller>;

const unknown = (): BackupError =>
  new BackupError('access.unknown', 'the token is not one that the API server of this cluster accepts');

/**
 * Asks the API server whose token it is: one that is expired, forged, or for another audience than the API server is nobody's.
 * What the person does is done with that same token, so the console itself needs no rights for it.
 */
export const tokenReviewer = (cluster: Cluster): ReviewToken => {
  const review = async (token: string): Promise<Caller> => {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
    const answer = await cluster.call({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      body,
    });
    const { authenticated, user } = reviewSchema.parse(answer).status;
    if (!authenticated || user.username === '') throw unknown();
    const { username: name, groups, extra } = user;
    return { name, groups, extra, via: 'token', as: { token } };
  };
  const ask = remembered(review, rememberedMs);
  return async (token) => {
    if (token.length > mostTokenBytes || !tokenForm.test(token)) throw unknown();
    return ask(token);
  };
};
