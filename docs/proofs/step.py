# SPDX-License-Identifier: Apache-2.0
"""What holds of jobs, whoever dies meanwhile: results are visible to all readers or to none.

What is done, and under which guards, is told in `stepactions.py`.
"""

from formula import equal, exists, forall, implies
from model import Instance, NamedState, Search
from stepactions import (
    MODEL,
    a,
    abandoned,
    aims,
    applied,
    arrived,
    at_most,
    b,
    before,
    begun,
    belongs,
    c,
    closed,
    come_back,
    commits,
    committed,
    committed_in,
    concluded,
    concludes,
    counts,
    d,
    done,
    expired,
    filled,
    first,
    g,
    given,
    given_up,
    h,
    has,
    holds,
    i,
    is_open,
    is_vain,
    k,
    known,
    less,
    lost,
    made,
    n,
    o,
    on_board,
    part,
    prepared,
    r,
    reached,
    receives,
    s,
    says,
    seen,
    sent,
    shows,
    t,
    told,
    u,
    unwanted,
    v,
    w,
    x,
    y,
)

is_wanted = ~abandoned(s) & ~expired(s)
has_run = exists(x, made(n, k, s, x))
is_last = reached(w) & ~closed(w)
MODEL.properties.update(
    {
        'replicas of a shard fold the same tries': forall(
            n, o, k, s, i, a, b, implies(has(n, k, s, i, a) & has(o, k, s, i, b), equal(a, b))
        ),
        'what is folded is whole': forall(
            n, k, s, i, a, implies(has(n, k, s, i, a), arrived(k, s, i, a))
        ),
        'a replica that is prepared had every split of its shards': forall(
            v,
            n,
            k,
            s,
            i,
            implies(prepared(v, n, s) & part(v, n, k, s), exists(a, counts(k, s, i, a))),
        ),
        'what is committed, every shard has a replica of': forall(
            v, k, s, implies(committed_in(v, s), exists(n, part(v, n, k, s)))
        ),
        'in every view, each shard has a receiver that holds what is committed': forall(
            v,
            k,
            s,
            implies(
                is_open & committed(s) & ~expired(s) & ~lost(k),
                exists(n, x, receives(v, n, k) & made(n, k, s, x)),
            ),
        ),
        'who took part in what is committed holds its run': forall(
            v,
            w,
            n,
            k,
            s,
            implies(
                committed_in(v, s) & at_most(v, w) & is_last & part(w, n, k, s) & ~expired(s),
                has_run,
            ),
        ),
        'who was given what is committed holds its run': forall(
            n, k, s, implies(given(n, k, s) & ~expired(s), has_run)
        ),
        'of what is committed all hold the same run': forall(
            v,
            w,
            n,
            o,
            k,
            s,
            x,
            y,
            implies(
                committed_in(v, s)
                & at_most(v, w)
                & is_last
                & ~expired(s)
                & (part(w, n, k, s) | given(n, k, s))
                & (part(w, o, k, s) | given(o, k, s))
                & made(n, k, s, x)
                & made(o, k, s, y),
                equal(x, y),
            ),
        ),
        'of a stage one step is committed': forall(
            s, t, g, implies(committed(s) & committed(t) & aims(s, g) & aims(t, g), equal(s, t))
        ),
        'a step that was given up is never committed': forall(
            s, implies(abandoned(s), ~committed(s))
        ),
        'nothing is visible of a job that was given up': forall(
            n, g, r, implies(shows(n, g) & belongs(g, r), ~given_up(r))
        ),
        'what is visible is of a job whose stages are all committed': forall(
            n, g, h, r, implies(shows(n, g) & belongs(g, r) & belongs(h, r), done(h))
        ),
        'all results of a job are visible, or none': forall(
            n, g, h, r, implies(shows(n, g) & belongs(g, r) & belongs(h, r), shows(n, h))
        ),
        'readers see the beginning of one order': forall(
            n, c, d, implies(applied(n, c) & filled(d) & before(d, c), applied(n, d))
        ),
        'readers that are as far see the same': forall(
            n, c, g, r, implies(applied(n, c) & concludes(c, r) & belongs(g, r), shows(n, g))
        ),
    }
)
MODEL.lemmas.update(
    {
        'only the last view is open': forall(
            u, v, implies(reached(u) & reached(v) & less(u, v), closed(u))
        ),
        'views begin with the first': forall(v, w, implies(first(v) & reached(w), reached(v))),
        'what has begun did so in a view': forall(v, s, implies(first(v) & begun(s), reached(v))),
        'holders are receivers of views that were reached': forall(
            v, n, k, implies(holds(v, n, k), reached(v) & receives(v, n, k))
        ),
        'each shard has a holder': forall(
            v, k, implies(reached(v) & ~lost(k), exists(n, holds(v, n, k)))
        ),
        'holders take part in what is under way': forall(
            v,
            n,
            k,
            s,
            implies(holds(v, n, k) & ~lost(k) & is_open & on_board(v, s), part(v, n, k, s)),
        ),
        'holders hold what is committed': forall(
            v,
            n,
            k,
            s,
            implies(holds(v, n, k) & ~lost(k) & is_open & committed(s) & ~expired(s), has_run),
        ),
        'what is on the board has begun': forall(
            v, s, implies(on_board(v, s), begun(s) & reached(v))
        ),
        'who takes part does so in a step that has begun': forall(
            v, n, k, s, implies(part(v, n, k, s), begun(s) & reached(v))
        ),
        'what counts has arrived': forall(
            k, s, i, a, implies(counts(k, s, i, a), arrived(k, s, i, a))
        ),
        'one try counts': forall(
            k, s, i, a, b, implies(counts(k, s, i, a) & counts(k, s, i, b), equal(a, b))
        ),
        'replicas have what counts': forall(
            n, k, s, i, a, implies(has(n, k, s, i, a), counts(k, s, i, a))
        ),
        'a run is of all splits': forall(
            n, k, s, i, x, implies(made(n, k, s, x), exists(a, counts(k, s, i, a)))
        ),
        'a replica has one run': forall(
            n, k, s, x, y, implies(made(n, k, s, x) & made(n, k, s, y), equal(x, y))
        ),
        'what is told was of all splits': forall(
            v, n, k, s, i, x, implies(told(v, n, k, s, x), exists(a, counts(k, s, i, a)))
        ),
        'what is told is there while it is wanted': forall(
            v,
            w,
            n,
            k,
            s,
            x,
            implies(
                told(v, n, k, s, x) & ~closed(w) & part(w, n, k, s),
                made(n, k, s, x) | ~is_wanted,
            ),
        ),
        'who is prepared has told': forall(
            v,
            n,
            k,
            s,
            implies(prepared(v, n, s) & part(v, n, k, s), exists(x, told(v, n, k, s, x))),
        ),
        'who is prepared knows of the step': forall(
            v, n, s, implies(prepared(v, n, s), begun(s) & reached(v))
        ),
        'what is told is of a step that has begun': forall(
            v, n, k, s, x, implies(told(v, n, k, s, x), begun(s))
        ),
        'copies are true': forall(v, n, s, implies(seen(v, n, s), prepared(v, n, s))),
        'what is sent has begun': forall(v, s, implies(sent(v, s), begun(s) & reached(v))),
        'what is sent all have prepared': forall(
            v, n, k, s, implies(sent(v, s) & part(v, n, k, s), prepared(v, n, s))
        ),
        'what is sent every shard has': forall(
            v, k, s, implies(sent(v, s), exists(n, part(v, n, k, s)))
        ),
        'what is sent is equal': forall(
            v,
            w,
            n,
            o,
            k,
            s,
            x,
            y,
            implies(
                sent(v, s)
                & at_most(v, w)
                & is_last
                & is_wanted
                & part(w, n, k, s)
                & part(w, o, k, s)
                & made(n, k, s, x)
                & made(o, k, s, y),
                equal(x, y),
            ),
        ),
        'who takes part later took part before': forall(
            v,
            w,
            n,
            k,
            s,
            implies(
                (on_board(v, s) | sent(v, s)) & less(v, w) & part(w, n, k, s), part(v, n, k, s)
            ),
        ),
        'a place says what was sent': forall(
            c, v, s, implies(says(c, v, s), filled(c) & sent(v, s))
        ),
        'commits are filled and committed': forall(
            c, s, implies(commits(c, s), filled(c) & committed(s))
        ),
        'what is committed in a view was sent in it': forall(
            v, s, implies(committed_in(v, s), sent(v, s) & committed(s))
        ),
        'what is committed was so in some view': forall(
            s, implies(committed(s), begun(s) & exists(v, committed_in(v, s)))
        ),
        'a commit is where its view says': forall(
            v, s, implies(committed_in(v, s), exists(c, commits(c, s) & says(c, v, s)))
        ),
        'a command is said once': forall(
            c, d, v, s, implies(says(c, v, s) & says(d, v, s), equal(c, d))
        ),
        'a step is committed once': forall(
            c, d, s, implies(commits(c, s) & commits(d, s), equal(c, d))
        ),
        'a step that is committed is said once with effect': forall(
            c, v, s, implies(commits(c, s) & says(c, v, s), committed_in(v, s))
        ),
        'a committed step ends its stage': forall(
            s, g, implies(committed(s) & aims(s, g), done(g))
        ),
        'what is known is filled': forall(v, c, implies(known(v, c), filled(c))),
        'no view knows what comes later': forall(
            u, v, c, s, implies(says(c, u, s) & less(v, u), ~known(v, c))
        ),
        'what was sent and is off the board has come back': forall(
            v,
            s,
            implies(sent(v, s) & is_open & ~on_board(v, s), come_back | is_vain),
        ),
        'what is off the board is committed or given up': forall(
            v, s, implies(begun(s) & is_open & ~on_board(v, s), committed(s) | abandoned(s))
        ),
        'what was given up is off the board': forall(
            v, s, implies(abandoned(s) & is_open, ~on_board(v, s))
        ),
        'what was given up has begun': forall(s, implies(abandoned(s), begun(s))),
        'only what is not wanted is freed': forall(s, implies(unwanted(s), ~is_wanted)),
        'only what was committed expires': forall(s, implies(expired(s), committed(s))),
        'only what is committed is given': forall(n, k, s, implies(given(n, k, s), committed(s))),
        'a job that is over was not given up': forall(r, implies(concluded(r), ~given_up(r))),
        'a job that is over has all stages': forall(
            r, g, implies(concluded(r) & belongs(g, r), done(g))
        ),
        'a place concludes what is over': forall(
            c, r, implies(concludes(c, r), filled(c) & concluded(r))
        ),
        'what is visible is over': forall(
            n, g, r, implies(shows(n, g) & belongs(g, r), concluded(r))
        ),
        'what is applied is filled': forall(n, c, implies(applied(n, c), filled(c))),
    }
)


def small(*receivers, places=1, digests=1, stages=1, **counts):
    """An instance of one shard and one job, with these receivers in its views.

    Without splits, replicas have nothing to take. Steps take turns with the stages of the job.
    """
    receivers = receivers or ({0},)
    sizes = {'node': len(set().union(*receivers)), 'split': 0, 'try': 1, 'step': 1, **counts}
    return Instance(
        {
            **sizes,
            'view': len(receivers),
            'shard': 1,
            'job': 1,
            'place': places,
            'digest': digests,
            'stage': stages,
        },
        {
            'view_at_most': lambda one, other: one <= other,
            'place_at_most': lambda one, other: one <= other,
            'first': lambda view: view == 0,
            'receives': lambda view, node, shard: node in receivers[view],
            'aims': lambda step, stage: step % stages == stage,
            'belongs': lambda stage, job: True,
            'closes': lambda stage: stage == stages - 1,
        },
    )


MODEL.unnecessary = ('decide.once',)
MODEL.without_run = (
    'commit.stage',
    'learn.filled',
    'learn.open',
    'expire.committed',
    'supply.open',
    'supply.sound',
)
MODEL.twin = 'order.open'
MODEL.shown = ()
MODEL.searches = (
    Search(small(split=1), 12),
    Search(small({0, 1}, split=1, **{'try': 2}), 8),
    Search(small({0, 1}, digests=2), 14),
    Search(small(stages=2, step=2, places=2), 16),
    Search(small({0}, {0}, places=2), 15),
    Search(small({0}, {1}), 12),
    Search(small({0}, {0, 1}, {1}), 16),
    Search(small({0}, {0}, step=2, places=2), 22),
    Search(small({0}, {0, 1}, {1}, digests=2), 20),
)
MODEL.states = [
    NamedState(
        'one reader sees a job of two stages, and another not yet',
        exists(n, o, g, h, shows(n, g) & shows(n, h) & ~equal(g, h) & ~shows(o, g)),
        Search(small({0}, node=2, stages=2, step=2, places=2), 20),
    ),
    NamedState(
        'a step goes on without a replica that it has lost, and is committed in the next view',
        exists(
            u,
            v,
            n,
            k,
            s,
            less(u, v) & committed_in(v, s) & part(u, n, k, s) & ~part(v, n, k, s),
        ),
        Search(small({0, 1}, {1}), 14),
    ),
    NamedState(
        'a step is given up, and another one at its stage is committed',
        exists(s, t, g, abandoned(s) & unwanted(s) & committed(t) & aims(s, g) & aims(t, g)),
        Search(small(step=2), 14),
    ),
    NamedState(
        'two schedulers have a stage committed, and the first one counts',
        exists(
            c,
            d,
            u,
            v,
            s,
            t,
            g,
            says(c, u, s)
            & says(d, v, t)
            & less(u, v)
            & commits(c, s)
            & ~commits(d, t)
            & aims(s, g)
            & aims(t, g)
            & ~equal(s, t),
        ),
        Search(small({0}, {0}, step=2, places=2), 20),
    ),
    NamedState(
        'who took no part is given the run, and holds it alone in the next view',
        exists(
            n,
            u,
            v,
            k,
            s,
            given(n, k, s)
            & committed_in(u, s)
            & ~part(u, n, k, s)
            & is_open
            & less(u, v)
            & forall(o, implies(receives(v, o, k), equal(o, n))),
        ),
        Search(small({0}, {0, 1}, {1}), 18),
    ),
]
