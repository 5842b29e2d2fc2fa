# SPDX-License-Identifier: Apache-2.0
"""One view without failures: rings, counters, stability, and the reuse of slots.

A `seq` is a place in the total order of one subgroup, written by one sender into its slot in every
receiver's ring. A later message in the same slot overwrites it. Payload and counters travel from
member to member without delay bounds; the fabric keeps the order of a pair.
"""

from formula import equal, exists, forall, implies, variables
from model import Instance, Model, NamedState, Search

n, o, k = variables('node', 'n o k')
m, x, y = variables('seq', 'm x y')

MODEL = Model('sst', ('node', 'seq'))
at_most, less = MODEL.order('seq')
receiver = MODEL.relation('receiver node', fixed=True)
sends = MODEL.relation('sends node seq', fixed=True)
# Two places of one sender that use the same slot of its ring.
shares = MODEL.relation('shares seq seq', fixed=True)
sent = MODEL.relation('sent seq')
# The payload has arrived at the member, and its slot has not been overwritten since.
arrived = MODEL.relation('arrived node seq')
intact = MODEL.relation('intact node seq')
counted = MODEL.relation('counted node seq')
received = MODEL.relation('received node seq')
delivered = MODEL.relation('delivered node seq')
# What o's copy of the table says of n's columns.
seen_received = MODEL.relation('seen_received node node seq')
seen_delivered = MODEL.relation('seen_delivered node node seq')

MODEL.axioms.update(
    {
        'slots.oneSender': forall(
            n, o, m, x, implies(shares(m, x) & sends(n, m) & sends(o, x), equal(n, o))
        ),
        'slots.symmetric': forall(m, x, implies(shares(m, x), shares(x, m) & ~equal(m, x))),
        'places.oneSender': forall(n, o, m, implies(sends(n, m) & sends(o, m), equal(n, o))),
    }
)
mine_before = sends(n, x) & less(x, m)

MODEL.action(
    'send',
    [n, m],
    {
        'send.turn': sends(n, m),
        'send.inOrder': forall(x, implies(mine_before, sent(x))),
        # The slot is free when the sender's copy says that all receivers have delivered it.
        'send.slotFree': forall(
            x, o, implies(shares(x, m) & less(x, m) & receiver(o), seen_delivered(n, o, x))
        ),
    },
    [sent.gains(m)],
)
MODEL.action(
    'payload arrives',
    [o, m],
    {
        'payload.sent': sent(m),
        'payload.once': ~arrived(o, m),
        'payload.inOrder': forall(n, x, implies(sends(n, m) & mine_before, arrived(o, x))),
    },
    [
        arrived.gains(o, m),
        intact.becomes(
            k, y, equal(k, o) & equal(y, m) | intact(k, y) & ~(equal(k, o) & shares(y, m))
        ),
    ],
)
# A sender's counter: all its messages so far may be read.
MODEL.action(
    'counter arrives',
    [n, o, m],
    {
        'counter.turn': sends(n, m),
        'counter.afterPayload': arrived(o, m) & forall(x, implies(mine_before, arrived(o, x))),
    },
    [counted.becomes(k, y, counted(k, y) | equal(k, o) & sends(n, y) & at_most(y, m))],
)
MODEL.action(
    'receive',
    [o, m],
    {
        'receive.receiver': receiver(o),
        'receive.counted': counted(o, m),
        'receive.inOrder': forall(x, implies(less(x, m), received(o, x))),
    },
    [received.gains(o, m)],
)
MODEL.action(
    'see received', [o, n, m], {'see.received': received(n, m)}, [seen_received.gains(o, n, m)]
)
MODEL.action(
    'see delivered', [o, n, m], {'see.delivered': delivered(n, m)}, [seen_delivered.gains(o, n, m)]
)
MODEL.action(
    'deliver',
    [o, m],
    {
        'deliver.receiver': receiver(o),
        'deliver.stable': forall(n, implies(receiver(n), seen_received(o, n, m))),
        'deliver.inOrder': forall(x, implies(less(x, m), delivered(o, x))),
    },
    [delivered.gains(o, m)],
)

MODEL.properties.update(
    {
        'stable means received by all': forall(
            o, n, m, implies(delivered(o, m) & receiver(n), received(n, m))
        ),
        'what is received can be read until it is delivered': forall(
            o, m, implies(received(o, m) & ~delivered(o, m), intact(o, m))
        ),
        'deliveries are in order': forall(
            o, m, x, implies(delivered(o, m) & at_most(x, m), delivered(o, x))
        ),
        'nothing comes from nowhere': forall(o, m, implies(delivered(o, m), sent(m))),
    }
)
MODEL.lemmas.update(
    {
        'counted has arrived': forall(o, m, implies(counted(o, m), arrived(o, m))),
        'arrived is sent': forall(o, m, implies(arrived(o, m), sent(m))),
        'who receives is a receiver': forall(o, m, implies(received(o, m), receiver(o))),
        'received is counted': forall(o, m, implies(received(o, m), counted(o, m))),
        'received has no gaps': forall(
            o, m, x, implies(received(o, m) & at_most(x, m), received(o, x))
        ),
        'delivered is received': forall(o, m, implies(delivered(o, m), received(o, m))),
        'copies of received are true': forall(
            o, n, m, implies(seen_received(o, n, m), received(n, m))
        ),
        'copies of delivered are true': forall(
            o, n, m, implies(seen_delivered(o, n, m), delivered(n, m))
        ),
        'a slot is used again when all have delivered': forall(
            o, m, x, implies(sent(m) & shares(x, m) & less(x, m) & receiver(o), delivered(o, x))
        ),
        'only what is delivered is overwritten': forall(
            o, m, implies(arrived(o, m) & receiver(o) & ~intact(o, m), delivered(o, m))
        ),
    }
)


def small(nodes, seqs):
    """An instance in which senders, receivers and slots are as the search likes."""
    return Instance({'node': nodes, 'seq': seqs}, {'seq_at_most': lambda x, y: x <= y})


MODEL.unnecessary = ('send.turn', 'send.inOrder', 'payload.inOrder', 'counter.turn')
MODEL.without_run = ('receive.inOrder',)
MODEL.twin = 'send.slotFree'
MODEL.shown = ('receiver', 'sends', 'shares')
MODEL.searches = (Search(small(2, 1), 8), Search(small(2, 2), 22))
MODEL.states = [
    NamedState(
        'a slot is used a second time, and its message delivered everywhere',
        exists(m, x, forall(n, less(x, m) & shares(x, m) & receiver(n) & delivered(n, m))),
        Search(small(2, 2), 36),
    ),
]
