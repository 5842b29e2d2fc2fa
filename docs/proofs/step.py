# SPDX-License-Identifier: Apache-2.0
"""The step decision: a step's results become visible everywhere or nowhere, also when members fail.

In the normal case a member exposes a step when its copy of the table says that every replica of
every shard is prepared. In a view change one decision covers all steps in flight: those that every
replica that stays has prepared are committed, if every shard keeps a replica; the rest is aborted
and wiped.
"""

from itertools import combinations

import ballots
from ballots import Ballots, b, d, n, o, p
from formula import equal, exists, forall, iff, implies, variables
from model import Instance, Model, NamedState, Search

(w,) = variables('node', 'w')
(k,) = variables('shard', 'k')
s, t = variables('step', 's t')
a, c = variables('ballot', 'a c')
(f,) = variables('decision', 'f')

MODEL = Model('step', (*ballots.SORTS, 'shard', 'step'))
replica = MODEL.relation('replica node shard', fixed=True)
commits = MODEL.relation('commits decision step', fixed=True)
# The results of a step, on disk or in memory, not yet visible; and the column that tells of them.
staged = MODEL.relation('staged node step')
prepared = MODEL.relation('prepared node step')
# What o's copy of the table says of n's column `prepared`.
seen = MODEL.relation('seen node node step')
exposed = MODEL.relation('exposed node step')
reported_prepared = MODEL.relation('reported_prepared node ballot step')
installed = MODEL.relation('installed node ballot decision')
# Made visible, and wiped, by a decision.
finished = MODEL.relation('finished node step')
aborted = MODEL.relation('aborted node step')
VIEW = Ballots(MODEL)

# Every shard keeps a replica among the members that stay.
whole = MODEL.relation('whole decision', fixed=True)
MODEL.axioms['whole'] = forall(
    d, iff(whole(d), forall(k, exists(w, VIEW.stays(d, w) & replica(w, k))))
)
# Ghosts, which no guard reads: some member made the step visible, or wiped it, by a decision.
concluded = MODEL.relation('concluded step')
dropped = MODEL.relation('dropped step')

MODEL.action('stage', [n, s], {'stage.unwedged': ~VIEW.wedged(n)}, [staged.gains(n, s)])
MODEL.action(
    'prepare',
    [n, s],
    {
        'prepare.staged': staged(n, s),
        'prepare.unwedged': ~VIEW.wedged(n),
    },
    [prepared.gains(n, s)],
)
MODEL.action('see', [o, n, s], {'see.prepared': prepared(n, s)}, [seen.gains(o, n, s)])
# Also a wedged member goes on exposing what it finds prepared.
MODEL.action(
    'expose',
    [o, s],
    {
        'expose.allPrepared': forall(n, k, implies(replica(n, k), seen(o, n, s))),
    },
    [exposed.gains(o, s)],
)
VIEW.add_actions(
    report=[
        reported_prepared.becomes(
            o, c, t, reported_prepared(o, c, t) | equal(o, n) & equal(c, b) & prepared(n, t)
        )
    ],
    fresh={
        'decide.reporters': forall(n, implies(VIEW.stays(d, n), VIEW.inside(n, p))),
        'decide.allPrepared': forall(
            s,
            n,
            k,
            implies(commits(d, s) & VIEW.stays(d, n) & replica(n, k), reported_prepared(n, b, s)),
        ),
        'decide.shardHolder': forall(s, implies(commits(d, s), whole(d))),
        # What all of them have prepared is committed: somebody may have seen it already.
        'decide.exposed': forall(
            s,
            implies(
                whole(d) & ~commits(d, s),
                exists(n, k, VIEW.stays(d, n) & replica(n, k) & ~reported_prepared(n, b, s)),
            ),
        ),
    },
    echo={},
)
wiped = staged.becomes(o, t, staged(o, t) & (~equal(o, n) | commits(d, t)))
told = [
    installed.gains(n, b, d),
    finished.becomes(o, t, finished(o, t) | equal(o, n) & commits(d, t)),
    aborted.becomes(o, t, aborted(o, t) | equal(o, n) & ~commits(d, t)),
    concluded.becomes(t, concluded(t) | commits(d, t)),
    dropped.becomes(t, dropped(t) | ~commits(d, t)),
    wiped,
]
MODEL.action(
    'install',
    [n, b, d],
    {
        'install.committed': VIEW.decided(b, d),
        'install.stays': VIEW.stays(d, n),
    },
    told,
    # Wiping takes the results and leaves the column: cells never fall.
    broken={
        'wipe.keepsColumn': [
            *told,
            prepared.becomes(o, t, prepared(o, t) & (~equal(o, n) | commits(d, t))),
        ]
    },
)

MODEL.properties.update(
    {
        'copies are true': forall(o, n, s, implies(seen(o, n, s), prepared(n, s))),
        'exposed means prepared by all': forall(
            o, n, k, s, implies(exposed(o, s) & replica(n, k), prepared(n, s))
        ),
        'what is exposed all replicas hold or have aborted': forall(
            o, n, k, s, implies(exposed(o, s) & replica(n, k), staged(n, s) | aborted(n, s))
        ),
        'no step is visible here and aborted there': forall(
            o,
            n,
            s,
            b,
            d,
            implies(
                VIEW.decided(b, d) & whole(d) & aborted(n, s), ~exposed(o, s) & ~finished(o, s)
            ),
        ),
        'what a member exposed all that install finish': forall(
            o, n, s, b, d, implies(exposed(o, s) & installed(n, b, d) & whole(d), finished(n, s))
        ),
        'all that install agree': forall(
            o,
            n,
            s,
            a,
            b,
            d,
            f,
            implies(installed(o, a, d) & installed(n, b, f), iff(finished(o, s), finished(n, s))),
        ),
        'every step is finished or aborted': forall(
            n, s, b, d, implies(installed(n, b, d), iff(finished(n, s), ~aborted(n, s)))
        ),
        'an abort leaves nothing': forall(
            n, s, implies(aborted(n, s), ~staged(n, s) & ~finished(n, s))
        ),
        'what is finished every shard holds': forall(
            s,
            k,
            b,
            d,
            implies(
                VIEW.decided(b, d) & commits(d, s),
                exists(w, VIEW.stays(d, w) & replica(w, k) & staged(w, s)),
            ),
        ),
    }
)
MODEL.lemmas.update(
    {
        'prepared is staged until it is aborted': forall(
            n, s, implies(prepared(n, s), staged(n, s) | aborted(n, s))
        ),
        'a report is true': forall(
            n, b, s, implies(reported_prepared(n, b, s), prepared(n, s) & VIEW.promised(n, b))
        ),
        'a report is final': forall(
            n, b, s, implies(VIEW.promised(n, b) & prepared(n, s), reported_prepared(n, b, s))
        ),
        'who stays has reported': forall(
            n, b, d, implies(VIEW.proposed(b, d) & VIEW.stays(d, n), VIEW.wedged(n))
        ),
        'who stays has prepared what is committed': forall(
            n,
            k,
            s,
            b,
            d,
            implies(
                VIEW.proposed(b, d) & commits(d, s) & VIEW.stays(d, n) & replica(n, k),
                prepared(n, s),
            ),
        ),
        'what is not committed somebody lacks for ever': forall(
            s,
            b,
            d,
            implies(
                VIEW.proposed(b, d) & whole(d) & ~commits(d, s),
                exists(n, k, replica(n, k) & VIEW.wedged(n) & ~prepared(n, s)),
            ),
        ),
        'only a whole decision commits': forall(
            s, b, d, implies(VIEW.proposed(b, d) & commits(d, s), whole(d))
        ),
        'installed is decided': forall(
            n, b, d, implies(installed(n, b, d), VIEW.decided(b, d) & VIEW.stays(d, n))
        ),
        'installing decides all steps': forall(
            n,
            s,
            b,
            d,
            implies(
                installed(n, b, d),
                iff(finished(n, s), commits(d, s)) & iff(aborted(n, s), ~commits(d, s)),
            ),
        ),
        'finished is concluded': forall(n, s, implies(finished(n, s), concluded(s))),
        'aborted is dropped': forall(n, s, implies(aborted(n, s), dropped(s) & VIEW.wedged(n))),
        'concluded is decided': forall(
            s, implies(concluded(s), exists(b, d, VIEW.decided(b, d) & commits(d, s)))
        ),
        'dropped is decided': forall(
            s, implies(dropped(s), exists(b, d, VIEW.decided(b, d) & ~commits(d, s)))
        ),
    }
)


def small(ballots_count, decisions, steps=1, nodes=3):
    """An instance of two shards: one on node 0, the other on the rest."""
    parties = [set(pair) for pair in combinations(range(nodes), nodes // 2 + 1)] + [{0}]
    return Instance(
        {
            'node': nodes,
            'ballot': ballots_count,
            'party': len(parties),
            'decision': decisions,
            'shard': 2,
            'step': steps,
        },
        {
            **ballots.meanings(nodes, parties),
            'replica': lambda node, shard: shard == (0 if node == 0 else 1),
        },
    )


MODEL.unnecessary = ('report.begun', 'echo.proposed')
MODEL.without_run = ('report.newer',)
MODEL.twin = 'prepare.unwedged'
MODEL.shown = ('replica', 'commits', 'stays')
MODEL.searches = (
    Search(small(1, 1, nodes=2), 18),
    Search(small(1, 1), 18),
    Search(small(2, 2), 18),
    Search(small(3, 2), 22),
)
MODEL.states = [
    NamedState(
        'a member finishes one step and aborts another',
        exists(n, s, t, finished(n, s) & aborted(n, t)),
        Search(small(1, 1, 2), 16),
    ),
    NamedState(
        'one member exposes a step, and another finishes it in the view change',
        exists(n, o, s, exposed(o, s) & finished(n, s) & ~equal(n, o)),
        Search(small(1, 1), 24),
    ),
    NamedState(
        'a later leader proposes again what an earlier one began, and it is decided',
        exists(
            a,
            b,
            d,
            s,
            VIEW.less(a, b)
            & VIEW.proposed(a, d)
            & VIEW.decided(b, d)
            & ~VIEW.committed(a)
            & commits(d, s),
        ),
        Search(small(2, 1), 22),
    ),
    NamedState(
        'a shard is lost, and the view goes on without its steps',
        exists(n, b, d, installed(n, b, d) & ~whole(d)),
        Search(small(1, 1), 14),
    ),
]
