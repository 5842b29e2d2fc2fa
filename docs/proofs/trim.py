# SPDX-License-Identifier: Apache-2.0
"""The view change with its ragged trim: what is delivered in a view, by whoever goes on.

A `seq` is a place in the total order of a subgroup (`group`). A decision holds, for each subgroup,
the places `within` the trim, and the members that stay.
"""

from itertools import combinations

import ballots
from ballots import Ballots, b, d, n, o, p
from formula import equal, exists, forall, iff, implies, variables
from model import Instance, Model, NamedState, Search

(w,) = variables('node', 'w')
g, h = variables('group', 'g h')
m, x = variables('seq', 'm x')
a, c = variables('ballot', 'a c')
(f,) = variables('decision', 'f')

MODEL = Model('trim', (*ballots.SORTS, 'group', 'seq'))
at_most, less = MODEL.order('seq')
receiver = MODEL.relation('receiver node group', fixed=True)
within = MODEL.relation('within decision group seq', fixed=True)
sent = MODEL.relation('sent group seq')
received = MODEL.relation('received node group seq')
# What o's copy of the table says of n's column `received`.
seen = MODEL.relation('seen node node group seq')
delivered = MODEL.relation('delivered node group seq')
reported_received = MODEL.relation('reported_received node ballot group seq')
installed = MODEL.relation('installed node ballot decision')
# Ghosts, which no guard reads: somebody delivered the place as stable; by a decision.
stable = MODEL.relation('stable group seq')
concluded = MODEL.relation('concluded group seq')
VIEW = Ballots(MODEL)

MODEL.axioms['trim.prefix'] = forall(
    d, g, m, x, implies(within(d, g, m) & at_most(x, m), within(d, g, x))
)

somebody_stays = exists(w, VIEW.stays(d, w) & receiver(w, g))
delivers_in_order = forall(x, implies(less(x, m), delivered(n, g, x)))


def holds(relation):
    """The relation has, for member n, all places within the trim of d."""
    return forall(g, m, implies(receiver(n, g) & within(d, g, m), relation(n, g, m)))


MODEL.action('send', [g, m], {}, [sent.gains(g, m)])
MODEL.action(
    'receive',
    [n, g, m],
    {
        'receive.sent': sent(g, m),
        'receive.receiver': receiver(n, g),
        'receive.unwedged': ~VIEW.wedged(n),
        'receive.inOrder': forall(x, implies(less(x, m), received(n, g, x))),
    },
    [received.gains(n, g, m)],
)
# Columns never fall and arrive late, so that a copy holds what the column has or had.
MODEL.action('see', [o, n, g, m], {'see.received': received(n, g, m)}, [seen.gains(o, n, g, m)])
# Also a wedged member goes on delivering what it finds stable.
MODEL.action(
    'deliver',
    [n, g, m],
    {
        'deliver.received': received(n, g, m),
        'deliver.stable': forall(o, implies(receiver(o, g), seen(n, o, g, m))),
        'deliver.inOrder': delivers_in_order,
    },
    [delivered.gains(n, g, m), stable.gains(g, m)],
)
VIEW.add_actions(
    report=[
        reported_received.becomes(
            o,
            c,
            h,
            x,
            reported_received(o, c, h, x) | equal(o, n) & equal(c, b) & received(n, h, x),
        )
    ],
    fresh={
        'propose.reporters': forall(n, implies(VIEW.stays(d, n), VIEW.inside(n, p))),
        'propose.trim': forall(
            n,
            g,
            m,
            implies(
                VIEW.inside(n, p) & VIEW.stays(d, n) & receiver(n, g) & within(d, g, m),
                reported_received(n, b, g, m),
            ),
        ),
        # What the trim leaves out some report lacks, where anybody stays to ask.
        'propose.whole': forall(
            g,
            m,
            implies(
                somebody_stays & ~within(d, g, m),
                exists(n, VIEW.inside(n, p) & receiver(n, g) & ~reported_received(n, b, g, m)),
            ),
        ),
    },
    echo={'echo.holds': implies(VIEW.stays(d, n), holds(received))},
)
MODEL.action(
    'conclude',
    [n, b, d, g, m],
    {
        'deliver.committed': VIEW.decided(b, d),
        'deliver.trimmed': within(d, g, m),
        'deliver.received': received(n, g, m),
        'deliver.inOrder': delivers_in_order,
    },
    [delivered.gains(n, g, m), concluded.gains(g, m)],
)
MODEL.action(
    'install',
    [n, b, d],
    {
        'install.committed': VIEW.decided(b, d),
        'install.stays': VIEW.stays(d, n),
        'install.holds': holds(delivered),
    },
    [installed.gains(n, b, d)],
)

MODEL.properties.update(
    {
        'stable means received by all': forall(
            g, m, n, implies(stable(g, m) & receiver(n, g), received(n, g, m))
        ),
        'what is delivered is within the trim': forall(
            o,
            g,
            m,
            b,
            d,
            implies(delivered(o, g, m) & VIEW.decided(b, d) & somebody_stays, within(d, g, m)),
        ),
        'who installs has delivered the trim and no more': forall(
            n,
            b,
            d,
            g,
            m,
            implies(installed(n, b, d) & receiver(n, g), iff(within(d, g, m), delivered(n, g, m))),
        ),
        'who stays holds the trim': forall(
            n,
            b,
            d,
            g,
            m,
            implies(
                VIEW.proposed(b, d) & VIEW.stays(d, n) & receiver(n, g) & within(d, g, m),
                received(n, g, m),
            ),
        ),
        'all install the same': forall(
            n, o, a, b, d, f, implies(installed(n, a, d) & installed(o, b, f), equal(d, f))
        ),
        'deliveries are in order': forall(
            n, g, m, x, implies(delivered(n, g, m) & at_most(x, m), delivered(n, g, x))
        ),
        'nothing comes from nowhere': forall(n, g, m, implies(delivered(n, g, m), sent(g, m))),
    }
)
MODEL.lemmas.update(
    {
        'received is sent': forall(n, g, m, implies(received(n, g, m), sent(g, m))),
        'received has no gaps': forall(
            n, g, m, x, implies(received(n, g, m) & at_most(x, m), received(n, g, x))
        ),
        'copies are true': forall(o, n, g, m, implies(seen(o, n, g, m), received(n, g, m))),
        'delivered is received': forall(n, g, m, implies(delivered(n, g, m), received(n, g, m))),
        'delivered is stable or concluded': forall(
            n, g, m, implies(delivered(n, g, m), stable(g, m) | concluded(g, m))
        ),
        'concluded is decided': forall(
            g, m, implies(concluded(g, m), exists(b, d, VIEW.decided(b, d) & within(d, g, m)))
        ),
        'a report is true': forall(
            n,
            b,
            g,
            m,
            implies(reported_received(n, b, g, m), received(n, g, m) & VIEW.promised(n, b)),
        ),
        'a report is final': forall(
            n,
            b,
            g,
            m,
            implies(VIEW.promised(n, b) & received(n, g, m), reported_received(n, b, g, m)),
        ),
        'what a trim leaves out somebody lacks for ever': forall(
            b,
            d,
            g,
            m,
            implies(
                VIEW.proposed(b, d) & somebody_stays & ~within(d, g, m),
                exists(n, receiver(n, g) & VIEW.wedged(n) & ~received(n, g, m)),
            ),
        ),
        'installed is decided': forall(
            n, b, d, implies(installed(n, b, d), VIEW.decided(b, d) & VIEW.stays(d, n))
        ),
    }
)


def small(ballots_count, decisions, seqs=1, nodes=3):
    """An instance of one subgroup in which all members receive."""
    parties = [set(pair) for pair in combinations(range(nodes), nodes // 2 + 1)] + [{0}]
    return Instance(
        {
            'node': nodes,
            'ballot': ballots_count,
            'party': len(parties),
            'decision': decisions,
            'group': 1,
            'seq': seqs,
        },
        {
            **ballots.meanings(nodes, parties),
            'seq_at_most': lambda x, y: x <= y,
            'receiver': lambda node, group: True,
        },
    )


MODEL.unnecessary = ('receive.receiver', 'report.begun', 'echo.proposed', 'echo.holds')
MODEL.without_run = ('receive.inOrder', 'report.newer')
MODEL.twin = 'receive.unwedged'
MODEL.shown = ('within', 'stays')
MODEL.searches = (
    Search(small(1, 1), 18),
    Search(small(2, 2), 18),
    Search(small(1, 1, 2), 18),
    Search(small(3, 2), 22),
)
MODEL.states = [
    NamedState(
        'a member installs a trim with a message that nobody delivered before',
        exists(n, b, d, g, m, installed(n, b, d) & within(d, g, m) & ~stable(g, m)),
        Search(small(1, 1), 14),
    ),
    NamedState(
        'a later leader proposes again what an earlier one began, and it is decided',
        exists(
            a, b, d, VIEW.less(a, b) & VIEW.proposed(a, d) & VIEW.decided(b, d) & ~VIEW.committed(a)
        ),
        Search(small(2, 1), 16),
    ),
    NamedState(
        'one delivers in the normal way, and another by the trim',
        exists(
            n,
            o,
            b,
            d,
            g,
            m,
            installed(n, b, d) & stable(g, m) & concluded(g, m) & delivered(o, g, m) & ~equal(n, o),
        ),
        Search(small(1, 1), 22),
    ),
]
