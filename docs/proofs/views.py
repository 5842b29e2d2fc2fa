# SPDX-License-Identifier: Apache-2.0
"""Successive views with newcomers: nothing that was acknowledged is lost.

That a view comes to one decision, and that its trim is what every member that stays has received,
is proved in `trim.py` and taken from there. Here the decisions are put one after the other, and
state moves to newcomers. It is the state of one role, say of the coordinators: `keeper` says which
members of a view receive in it. An `item` is one change of the state, sent in some view.
"""

from itertools import combinations

from formula import equal, exists, forall, implies, variables
from model import Instance, Model, NamedState, Search

n, o, r = variables('node', 'n o r')
u, v, w, y = variables('view', 'u v w y')
i, j = variables('item', 'i j')
p, q = variables('party', 'p q')

MODEL = Model('views', ('node', 'view', 'item', 'party'))
at_most, less = MODEL.order('view')
first = MODEL.relation('first view', fixed=True)
member = MODEL.relation('member view node', fixed=True)
keeper = MODEL.relation('keeper view node', fixed=True)
# All members of the view are keepers.
all_keep = MODEL.relation('all_keep view', fixed=True)
inside = MODEL.relation('inside node party', fixed=True)
majority = MODEL.relation('majority party view', fixed=True)
sent_in = MODEL.relation('sent_in view item', fixed=True)
# What the decision that makes a view says of the view before it.
within = MODEL.relation('within view item', fixed=True)
current = MODEL.relation('current node view')
wedged = MODEL.relation('wedged node view')
received = MODEL.relation('received node item')
# The item is part of the member's state.
holds = MODEL.relation('holds node item')
# The member's state has all that was decided before the view; from then on it is an heir.
complete = MODEL.relation('complete node view')
acknowledged = MODEL.relation('acknowledged item')
next_view = MODEL.relation('next_view view view')
ended = MODEL.relation('ended view')
# Ghosts, which no guard reads.
reached = MODEL.relation('reached view')
heir = MODEL.relation('heir view node')
kept = MODEL.relation('kept item')

MODEL.axioms.update(
    {
        'keepers.some': forall(v, exists(n, keeper(v, n))),
        'keepers.members': forall(v, n, implies(keeper(v, n), member(v, n))),
        'all_keep.keepers': forall(v, n, implies(all_keep(v) & member(v, n), keeper(v, n))),
        'first.least': forall(v, w, implies(first(v), at_most(v, w))),
        'items.oneView': forall(i, u, v, implies(sent_in(u, i) & sent_in(v, i), equal(u, v))),
    }
)
stays = member(v, n) & member(w, n)
# The member goes on as a keeper, with the whole state.
goes_on = stays & complete(n, v) & keeper(w, n)

MODEL.action(
    'form',
    [n, v],
    {'form.first': first(v) & member(v, n)},
    [
        current.gains(n, v),
        complete.becomes(o, y, complete(o, y) | equal(o, n) & equal(y, v) & keeper(v, n)),
        reached.gains(v),
    ],
)
MODEL.action(
    'receive',
    [n, v, i],
    {
        'receive.view': current(n, v) & sent_in(v, i),
        'receive.unwedged': ~wedged(n, v),
    },
    [received.gains(n, i)],
)
MODEL.action(
    'acknowledge',
    [v, i],
    {
        'acknowledge.view': sent_in(v, i),
        'acknowledge.stable': forall(n, implies(keeper(v, n), received(n, i))),
    },
    [acknowledged.gains(i)],
)
MODEL.action('wedge', [n, v], {}, [wedged.gains(n, v)])
# The party is those who report. That they are a majority is what makes it one decision.
MODEL.action(
    'decide',
    [v, w, p],
    {
        'view.once': ~ended(v),
        'view.newer': less(v, w),
        'propose.reported': forall(n, implies(inside(n, p), current(n, v) & wedged(n, v))),
        'propose.reporters': forall(n, implies(stays, inside(n, p))),
        'propose.trim': forall(
            n, i, implies(stays & keeper(v, n) & sent_in(v, i) & within(w, i), received(n, i))
        ),
        'propose.whole': forall(
            i,
            implies(
                sent_in(v, i) & ~within(w, i),
                exists(n, inside(n, p) & keeper(v, n) & ~received(n, i)),
            ),
        ),
        # Without one, the view waits.
        'propose.holder': exists(n, goes_on),
        # So it is where newcomers, and members whose state is not complete, are at most as many
        # as the members that go on.
        'join.holders': forall(
            q,
            implies(all_keep(v) & all_keep(w) & majority(q, w), exists(n, inside(n, q) & goes_on)),
        ),
    },
    [
        next_view.gains(v, w),
        ended.gains(v),
        reached.gains(w),
        heir.becomes(
            y,
            o,
            heir(y, o) | equal(y, w) & member(v, o) & member(w, o) & complete(o, v) & keeper(w, o),
        ),
        kept.becomes(j, kept(j) | sent_in(v, j) & within(w, j)),
    ],
)
MODEL.action(
    'install',
    [n, v, w],
    {
        'install.committed': next_view(v, w),
        'install.stays': current(n, v) & stays,
        'install.holds': forall(
            i, implies(keeper(v, n) & sent_in(v, i) & within(w, i), received(n, i))
        ),
    },
    [
        current.gains(n, w),
        holds.becomes(
            o,
            j,
            holds(o, j) | equal(o, n) & keeper(v, n) & sent_in(v, j) & within(w, j),
        ),
        complete.becomes(
            o, y, complete(o, y) | equal(o, n) & equal(y, w) & complete(n, v) & keeper(w, n)
        ),
    ],
)
MODEL.action(
    'join',
    [n, v, w],
    {
        'join.committed': next_view(v, w),
        'join.newcomer': member(w, n) & ~member(v, n),
    },
    [current.gains(n, w)],
)
# The state of all earlier views goes from one keeper to another.
MODEL.action(
    'transfer',
    [n, o, w],
    {
        'transfer.view': current(n, w) & keeper(w, n),
        'transfer.complete': complete(o, w),
    },
    [complete.gains(n, w), holds.becomes(r, j, holds(r, j) | equal(r, n) & holds(o, j))],
)

has = holds(n, i) | received(n, i)
MODEL.properties.update(
    {
        'in every view a keeper has all that was acknowledged before': forall(
            u,
            v,
            w,
            i,
            implies(
                next_view(v, w) & acknowledged(i) & sent_in(u, i) & at_most(u, v),
                exists(n, keeper(w, n) & has),
            ),
        ),
        'where all are keepers, every majority has all that was acknowledged before': forall(
            u,
            v,
            w,
            i,
            q,
            implies(
                all_keep(v)
                & all_keep(w)
                & next_view(v, w)
                & majority(q, w)
                & acknowledged(i)
                & sent_in(u, i)
                & at_most(u, v),
                exists(n, inside(n, q) & member(w, n) & has),
            ),
        ),
        'whose state is complete holds all that was acknowledged before': forall(
            n,
            u,
            w,
            i,
            implies(complete(n, w) & acknowledged(i) & sent_in(u, i) & less(u, w), holds(n, i)),
        ),
        'views follow one another in one line': forall(
            u,
            v,
            w,
            y,
            implies(
                next_view(u, v) & next_view(w, y) & ~equal(u, w), at_most(v, w) | at_most(y, u)
            ),
        ),
    }
)
MODEL.lemmas.update(
    {
        'a view has one next view': forall(
            v, w, y, implies(next_view(v, w) & next_view(v, y), equal(w, y))
        ),
        'who is in a view is a member of it': forall(
            n, v, implies(current(n, v), member(v, n) & reached(v))
        ),
        'who is complete keeps the state': forall(
            n, v, implies(complete(n, v), current(n, v) & keeper(v, n))
        ),
        'a next view ends a view': forall(
            v, w, implies(next_view(v, w), ended(v) & less(v, w) & reached(v) & reached(w))
        ),
        'only the last view goes on': forall(
            v, w, implies(reached(v) & reached(w) & less(v, w), ended(v))
        ),
        'nothing lies between a view and its next': forall(
            u, v, w, implies(next_view(v, w) & reached(u), at_most(u, v) | at_most(w, u))
        ),
        'the first view is where it began': forall(
            v, w, implies(first(v) & reached(w) & ~equal(v, w), ended(v))
        ),
        'who receives is in the view': forall(
            n, v, i, implies(received(n, i) & sent_in(v, i), current(n, v))
        ),
        'acknowledged is received by all keepers': forall(
            n, v, i, implies(acknowledged(i) & sent_in(v, i) & keeper(v, n), received(n, i))
        ),
        'heirs are keepers of views that were reached': forall(
            n, w, implies(heir(w, n), reached(w) & keeper(w, n))
        ),
        'what ended was reached': forall(v, implies(ended(v), reached(v))),
        'kept is received by all keepers that stay': forall(
            n,
            v,
            w,
            i,
            implies(
                next_view(v, w) & stays & keeper(v, n) & kept(i) & sent_in(v, i), received(n, i)
            ),
        ),
        'kept is what its decision says': forall(
            v, w, i, implies(next_view(v, w) & sent_in(v, i), within(w, i) | ~kept(i))
        ),
        'what is not kept some keeper lacks for ever': forall(
            v,
            i,
            implies(
                ended(v) & sent_in(v, i) & ~kept(i),
                exists(n, keeper(v, n) & wedged(n, v) & ~received(n, i)),
            ),
        ),
        'kept comes from a view that ended': forall(
            v, i, implies(kept(i) & sent_in(v, i), ended(v))
        ),
        'who is complete holds what was kept before': forall(
            n, u, w, i, implies(complete(n, w) & kept(i) & sent_in(u, i) & less(u, w), holds(n, i))
        ),
        'an heir has what was kept': forall(
            n,
            u,
            v,
            w,
            i,
            implies(next_view(v, w) & heir(w, n) & kept(i) & sent_in(u, i) & at_most(u, v), has),
        ),
        'every view has an heir': forall(v, w, implies(next_view(v, w), exists(n, heir(w, n)))),
        'where all are keepers, every majority has an heir': forall(
            v,
            w,
            q,
            implies(
                all_keep(v) & all_keep(w) & next_view(v, w) & majority(q, w),
                exists(n, inside(n, q) & heir(w, n) & member(w, n)),
            ),
        ),
    }
)


def small(*members, keepers=None, items=1):
    """An instance with these members of the views; all are keepers unless told otherwise."""
    keepers = keepers or members
    nodes = sorted(set().union(*members))
    parties = [set(party) for size in range(len(nodes) + 1) for party in combinations(nodes, size)]
    return Instance(
        {'node': len(nodes), 'view': len(members), 'item': items, 'party': len(parties)},
        {
            'view_at_most': lambda x, y: x <= y,
            'first': lambda view: view == 0,
            'member': lambda view, node: node in members[view],
            'keeper': lambda view, node: node in keepers[view],
            'all_keep': lambda view: keepers[view] == members[view],
            'inside': lambda node, party: node in parties[party],
            'majority': lambda party, view: parties[party] <= members[view]
            and 2 * len(parties[party]) > len(members[view]),
        },
    )


MODEL.unnecessary = ('propose.reporters', 'install.holds')
MODEL.without_run = (
    'propose.trim',
    'install.stays',
    'join.committed',
    'join.newcomer',
)
MODEL.twin = 'join.holders'
MODEL.shown = ('member', 'within', 'sent_in')
MODEL.searches = (
    Search(small({0}, {0, 1, 2}), 10),
    Search(small({0, 1, 2}, {1, 2}, keepers=({0}, {1})), 12),
    Search(small({0, 1, 2}, {0, 1}, {1, 2}), 18),
)
MODEL.states = [
    NamedState(
        'all members of the first view are gone, and what it acknowledged is there',
        exists(
            u,
            v,
            i,
            n,
            acknowledged(i)
            & sent_in(u, i)
            & first(u)
            & complete(n, v)
            & forall(o, implies(member(u, o), ~member(v, o))),
        ),
        Search(small({0}, {0, 1}, {1}), 16),
    ),
    NamedState(
        'who kept the state is gone, and a member that did not keep it has it all',
        exists(
            u,
            v,
            i,
            n,
            acknowledged(i)
            & sent_in(u, i)
            & first(u)
            & complete(n, v)
            & ~keeper(u, n)
            & member(u, n)
            & forall(o, implies(keeper(u, o), ~member(v, o))),
        ),
        Search(small({0, 1, 2}, {0, 1, 2}, {1, 2}, keepers=({0}, {0, 1}, {1, 2})), 18),
    ),
]
