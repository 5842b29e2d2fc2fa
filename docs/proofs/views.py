# SPDX-License-Identifier: Apache-2.0
"""Successive views with newcomers: nothing that was acknowledged is lost while a majority lives.

That a view comes to one decision, and that its trim is what every member that stays has received,
is proved in `trim.py` and taken from there. Here the decisions are put one after the other, and
state moves to newcomers. All members hold the same state; an `item` is one change of it, and
belongs to the view in which it is sent.
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
        'views.haveMembers': forall(v, exists(n, member(v, n))),
        'first.least': forall(v, w, implies(first(v), at_most(v, w))),
        'majorities.meet': forall(
            p,
            q,
            v,
            implies(
                majority(p, v) & majority(q, v),
                exists(n, inside(n, p) & inside(n, q) & member(v, n)),
            ),
        ),
        'items.oneView': forall(i, u, v, implies(sent_in(u, i) & sent_in(v, i), equal(u, v))),
    }
)
stays = member(v, n) & member(w, n)

MODEL.action(
    'form',
    [n, v],
    {'form.first': first(v) & member(v, n)},
    [current.gains(n, v), complete.gains(n, v), reached.gains(v)],
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
        'acknowledge.stable': forall(n, implies(member(v, n), received(n, i))),
    },
    [acknowledged.gains(i)],
)
MODEL.action('wedge', [n, v], {}, [wedged.gains(n, v)])
MODEL.action(
    'decide',
    [v, w, p],
    {
        'decide.once': ~ended(v),
        'decide.newer': less(v, w),
        'decide.majority': majority(p, v),
        'decide.reported': forall(n, implies(inside(n, p), current(n, v) & wedged(n, v))),
        'decide.reporters': forall(n, implies(stays, inside(n, p))),
        'decide.trim': forall(n, i, implies(stays & sent_in(v, i) & within(w, i), received(n, i))),
        'decide.whole': forall(
            i, implies(sent_in(v, i) & ~within(w, i), exists(n, stays & ~received(n, i)))
        ),
        # So it is where newcomers, and members whose state is not complete, are at most as many.
        'decide.heirs': forall(
            q, implies(majority(q, w), exists(n, inside(n, q) & stays & complete(n, v)))
        ),
    },
    [
        next_view.gains(v, w),
        ended.gains(v),
        reached.gains(w),
        heir.becomes(y, o, heir(y, o) | equal(y, w) & member(v, o) & member(w, o) & complete(o, v)),
        kept.becomes(j, kept(j) | sent_in(v, j) & within(w, j)),
    ],
)
MODEL.action(
    'install',
    [n, v, w],
    {
        'install.committed': next_view(v, w),
        'install.stays': current(n, v) & stays,
        'install.holds': forall(i, implies(sent_in(v, i) & within(w, i), received(n, i))),
    },
    [
        current.gains(n, w),
        holds.becomes(o, j, holds(o, j) | equal(o, n) & sent_in(v, j) & within(w, j)),
        complete.becomes(o, y, complete(o, y) | equal(o, n) & equal(y, w) & complete(n, v)),
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
# The state of all earlier views goes from one member to another.
MODEL.action(
    'transfer',
    [n, o, w],
    {
        'transfer.view': current(n, w) & current(o, w),
        'transfer.complete': complete(o, w),
    },
    [complete.gains(n, w), holds.becomes(r, j, holds(r, j) | equal(r, n) & holds(o, j))],
)

has = holds(n, i) | received(n, i)
MODEL.properties.update(
    {
        'nothing acknowledged is lost while a majority lives': forall(
            u,
            v,
            w,
            i,
            q,
            implies(
                next_view(v, w) & acknowledged(i) & sent_in(u, i) & at_most(u, v) & majority(q, w),
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
        'who is complete is in the view': forall(n, v, implies(complete(n, v), current(n, v))),
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
        'acknowledged is received by all members': forall(
            n, v, i, implies(acknowledged(i) & sent_in(v, i) & member(v, n), received(n, i))
        ),
        'heirs are of views that were reached': forall(n, w, implies(heir(w, n), reached(w))),
        'what ended was reached': forall(v, implies(ended(v), reached(v))),
        'kept is received by all that stay': forall(
            n, v, w, i, implies(next_view(v, w) & stays & kept(i) & sent_in(v, i), received(n, i))
        ),
        'kept is what its decision says': forall(
            v, w, i, implies(next_view(v, w) & sent_in(v, i), within(w, i) | ~kept(i))
        ),
        'what is not kept some member lacks for ever': forall(
            v,
            i,
            implies(
                ended(v) & sent_in(v, i) & ~kept(i),
                exists(n, member(v, n) & wedged(n, v) & ~received(n, i)),
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
        'every majority has an heir': forall(
            v,
            w,
            q,
            implies(
                next_view(v, w) & majority(q, w),
                exists(n, inside(n, q) & heir(w, n) & member(w, n)),
            ),
        ),
    }
)


def small(*members, items=1):
    """An instance with these members of the views, and all sets of them as parties."""
    nodes = sorted(set().union(*members))
    parties = [set(party) for size in range(len(nodes) + 1) for party in combinations(nodes, size)]
    return Instance(
        {'node': len(nodes), 'view': len(members), 'item': items, 'party': len(parties)},
        {
            'view_at_most': lambda x, y: x <= y,
            'first': lambda view: view == 0,
            'member': lambda view, node: node in members[view],
            'inside': lambda node, party: node in parties[party],
            'majority': lambda party, view: parties[party] <= members[view]
            and 2 * len(parties[party]) > len(members[view]),
        },
    )


MODEL.unnecessary = ('install.holds',)
MODEL.without_run = (
    'decide.majority',
    'decide.trim',
    'install.stays',
    'join.committed',
    'join.newcomer',
    'transfer.view',
)
MODEL.twin = 'decide.heirs'
MODEL.shown = ('member', 'within', 'sent_in')
MODEL.searches = (
    Search(small({0}, {0, 1, 2}), 10),
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
]
