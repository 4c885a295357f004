/**
 * Who is next in this process: those who wait, first come, first served. Anybody may leave from anywhere in the
 * queue without disturbing the rest. Knows nothing of locks: whether somebody may pass is the caller's to say.
 */

/** A place in a turnstile. */
export interface Place<Self extends Place<Self>> {
  /** When it arrived, in milliseconds of `performance.now()`. */
  readonly since: number;
  turnstile: Turnstile<Self> | undefined;
  ahead: Self | undefined;
  behind: Self | undefined;
}

export class Turnstile<P extends Place<P>> {
  first: P | undefined;
  #last: P | undefined;
  /** When it last let somebody through, in milliseconds of `performance.now()`. */
  passedAt = 0;

  /** Gives `place` the place that its arrival earns: last, unless it arrived elsewhere before some who wait here. */
  join(place: P): void {
    let ahead = this.#last;
    while (ahead !== undefined && ahead.since > place.since) ahead = ahead.ahead;
    const behind = ahead === undefined ? this.first : ahead.behind;
    place.turnstile = this;
    place.ahead = ahead;
    place.behind = behind;
    if (ahead === undefined) this.first = place;
    else ahead.behind = place;
    if (behind === undefined) this.#last = place;
    else behind.ahead = place;
  }

  /** How many are ahead of `place`. */
  ahead(place: P): number {
    let count = 0;
    for (let { ahead } = place; ahead !== undefined; ahead = ahead.ahead) count++;
    return count;
  }

  leave(place: P): void {
    const { ahead, behind } = place;
    if (ahead === undefined) this.first = behind;
    else ahead.behind = behind;
    if (behind === undefined) this.#last = ahead;
    else behind.ahead = ahead;
    place.turnstile = place.ahead = place.behind = undefined;
  }

  /** Those who wait, in order, as they are now: the queue may change while the caller goes through them. */
  all(): P[] {
    const places: P[] = [];
    for (let place = this.first; place !== undefined; place = place.behind) places.push(place);
    return places;
  }
}
