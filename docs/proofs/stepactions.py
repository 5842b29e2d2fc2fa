# SPDX-License-Identifier: Apache-2.0
"""Jobs: the results of a job become visible to all readers or to none, whoever dies meanwhile.

A step is a try at a stage of a job. It is on the board of steps under way, which all members of a
view have alike; its replicas fold what the shards' orders bring and say so in the state table. One
command in the coordinators' order commits it, sent by the scheduler of a view. Orders and views are
taken from `sst.py`, `trim.py` and `views.py`: an order is one for all, a view that is over adds
nothing to its orders, and views follow one another in a line. So an order is what happens to it
here, one thing after the other, and who reads it has a prefix.

A crashed member takes no more actions. A job that begins anew is another job here.
"""

from formula import equal, exists, forall, implies, variables
from model import Model

n, o = variables('node', 'n o')
u, v, w = variables('view', 'u v w')
k, m = variables('shard', 'k m')
(i,) = variables('split', 'i')
a, b = variables('try', 'a b')
s, t = variables('step', 's t')
g, h = variables('stage', 'g h')
r, e = variables('job', 'r e')
c, d = variables('place', 'c d')
x, y = variables('digest', 'x y')

MODEL = Model(
    'step', ('node', 'view', 'shard', 'split', 'try', 'step', 'stage', 'job', 'place', 'digest')
)
at_most, less = MODEL.order('view')
_, before = MODEL.order('place')
first = MODEL.relation('first view', fixed=True)
receives = MODEL.relation('receives view node shard', fixed=True)
# What a step is a try at, of which job that is, and with which stage the job is over.
aims = MODEL.relation('aims step stage', fixed=True)
belongs = MODEL.relation('belongs stage job', fixed=True)
closes = MODEL.relation('closes stage', fixed=True)

reached = MODEL.relation('reached view')
# The decision of the view is made: its orders are at their end.
closed = MODEL.relation('closed view')
begun = MODEL.relation('begun step')
on_board = MODEL.relation('on_board view step')
# The replica has taken part in the step from its beginning.
part = MODEL.relation('part view node shard step')
# In the order of a shard: all blocks of a try, and the try whose seal came first.
arrived = MODEL.relation('arrived shard step split try')
counts = MODEL.relation('counts shard step split try')
# What a replica has taken of it, and the run of records that came of all splits.
has = MODEL.relation('has node shard step split try')
made = MODEL.relation('made node shard step digest')
# Columns of the table of a view: what runs came to, and that all of them are there; and what the
# copy of the view's scheduler says of the latter.
told = MODEL.relation('told view node shard step digest')
prepared = MODEL.relation('prepared view node step')
seen = MODEL.relation('seen view node step')
# The coordinators' order: what lies at a place, what it did, and who knows of it.
sent = MODEL.relation('sent view step')
filled = MODEL.relation('filled place')
says = MODEL.relation('says place view step')
commits = MODEL.relation('commits place step')
concludes = MODEL.relation('concludes place job')
known = MODEL.relation('known view place')
# The state that the order comes to.
committed = MODEL.relation('committed step')
done = MODEL.relation('done stage')
concluded = MODEL.relation('concluded job')
given_up = MODEL.relation('given_up job')
# A reader: a coordinator with what it has applied, and the stages whose results it shows.
applied = MODEL.relation('applied node place')
shows = MODEL.relation('shows node stage')
# Steps whose runs no version and no job names any more; those that replicas were told not to keep;
# and replicas that were given the runs of one.
expired = MODEL.relation('expired step')
unwanted = MODEL.relation('unwanted step')
given = MODEL.relation('given node shard step')
# A receiver counts as a holder of the shard, for the layout of the next view.
holds = MODEL.relation('holds view node shard')
# Ghosts, which no guard reads. A shard is lost where no holder of it is left.
lost = MODEL.relation('lost shard')
committed_in = MODEL.relation('committed_in view step')
abandoned = MODEL.relation('abandoned step')

MODEL.axioms.update(
    {
        'shards.receivers': forall(v, k, exists(n, receives(v, n, k))),
        'first.least': forall(v, w, implies(first(v), at_most(v, w))),
        'steps.oneStage': forall(s, g, h, implies(aims(s, g) & aims(s, h), equal(g, h))),
        'stages.oneJob': forall(g, r, e, implies(belongs(g, r) & belongs(g, e), equal(r, e))),
    }
)
is_open = reached(v) & ~closed(v)
come_back = exists(c, known(v, c) & says(c, v, s))
is_vain = ~committed(s) & exists(g, r, aims(s, g) & belongs(g, r) & given_up(r))

# Views.
MODEL.action(
    'form',
    [v],
    {'form.first': first(v)},
    [
        reached.gains(v),
        holds.becomes(u, n, k, holds(u, n, k) | equal(u, v) & ~reached(v) & receives(v, n, k)),
    ],
)
followed = [
    closed.gains(v),
    reached.gains(w),
    holds.becomes(u, n, k, holds(u, n, k) | equal(u, w) & holds(v, n, k) & receives(w, n, k)),
    on_board.becomes(u, s, on_board(u, s) | equal(u, w) & on_board(v, s)),
    part.becomes(u, n, k, s, part(u, n, k, s) | equal(u, w) & part(v, n, k, s) & receives(w, n, k)),
]
MODEL.action(
    'follow',
    [v, w],
    {'view.once': is_open, 'view.newer': less(v, w)},
    [*followed, lost.becomes(k, lost(k) | ~exists(n, holds(v, n, k) & receives(w, n, k)))],
    broken={'follow.holder': followed},
)

# The board.
MODEL.action(
    'begin',
    [v, s],
    {'begin.open': is_open, 'begin.fresh': ~begun(s)},
    [
        begun.gains(s),
        on_board.gains(v, s),
        part.becomes(u, n, k, t, part(u, n, k, t) | equal(u, v) & equal(t, s) & receives(v, n, k)),
    ],
)
MODEL.action(
    'drop',
    [v, s],
    {
        'drop.open': is_open,
        # What was sent to the coordinators has come back, or cannot have an effect any more.
        'drop.told': implies(sent(v, s), come_back | is_vain),
    },
    [
        on_board.becomes(u, t, on_board(u, t) & ~(equal(u, v) & equal(t, s))),
        abandoned.becomes(t, abandoned(t) | equal(t, s) & begun(s) & ~committed(s)),
    ],
)

# Shards and their replicas.
MODEL.action('map', [k, s, i, a], {}, [arrived.gains(k, s, i, a)])
MODEL.action(
    'seal',
    [k, s, i, a],
    {'seal.whole': arrived(k, s, i, a), 'seal.first': forall(b, ~counts(k, s, i, b))},
    [counts.gains(k, s, i, a)],
)
MODEL.action(
    'take', [n, k, s, i, a], {'take.sealed': counts(k, s, i, a)}, [has.gains(n, k, s, i, a)]
)
MODEL.action(
    'finish',
    [n, k, s, x],
    {
        'finish.all': forall(i, exists(a, has(n, k, s, i, a))),
        'finish.once': forall(y, ~made(n, k, s, y)),
    },
    [made.gains(n, k, s, x)],
)
MODEL.action(
    'tell',
    [v, n, k, s, x],
    {'prepare.begun': on_board(v, s), 'tell.made': made(n, k, s, x)},
    [told.gains(v, n, k, s, x)],
)
MODEL.action(
    'prepare',
    [v, n, s],
    {
        'prepare.begun': on_board(v, s),
        'prepare.told': forall(k, implies(part(v, n, k, s), exists(x, told(v, n, k, s, x)))),
    },
    [prepared.gains(v, n, s)],
)

# The scheduler of a view. It may go on when the view is over without it.
MODEL.action('see', [v, n, s], {'see.prepared': prepared(v, n, s)}, [seen.gains(v, n, s)])
MODEL.action(
    'decide',
    [v, s],
    {
        'decide.board': on_board(v, s),
        'decide.allPrepared': forall(n, k, implies(part(v, n, k, s), seen(v, n, s))),
        'decide.shardHolder': forall(k, exists(n, part(v, n, k, s))),
        # Its copies of these columns are as good: they come before `prepared`, and stay.
        'decide.equal': forall(
            n,
            o,
            k,
            x,
            y,
            implies(
                part(v, n, k, s) & part(v, o, k, s) & told(v, n, k, s, x) & told(v, o, k, s, y),
                equal(x, y),
            ),
        ),
        'decide.once': forall(t, g, implies(aims(s, g) & aims(t, g), ~sent(v, t))),
    },
    [sent.gains(v, s)],
)

# The coordinators' order.
in_turn = {'order.next': forall(d, implies(filled(d), before(d, c)))}
in_view = {
    **in_turn,
    'order.sent': sent(v, s),
    'order.open': is_open,
    'order.once': forall(d, ~says(d, v, s)),
}
MODEL.action(
    'commit',
    [v, c, s, g, r],
    {
        **in_view,
        'commit.stage': aims(s, g) & belongs(g, r),
        'commit.current': ~given_up(r),
        'commit.once': ~done(g),
        'commit.last': implies(
            closes(g), forall(h, implies(belongs(h, r) & ~equal(h, g), done(h)))
        ),
    },
    [
        filled.gains(c),
        says.gains(c, v, s),
        commits.gains(c, s),
        committed.gains(s),
        committed_in.gains(v, s),
        done.gains(g),
        concludes.becomes(d, e, concludes(d, e) | equal(d, c) & equal(e, r) & closes(g)),
        concluded.becomes(e, concluded(e) | equal(e, r) & closes(g)),
    ],
)
# A command that comes too late, or of a job that was given up, does nothing.
MODEL.action('turn away', [v, c, s], in_view, [filled.gains(c), says.gains(c, v, s)])
# The job is cancelled, has failed, or begins anew, where it is not over.
MODEL.action(
    'give up',
    [c, r],
    {**in_turn, 'giveUp.open': ~concluded(r)},
    [filled.gains(c), given_up.gains(r)],
)
MODEL.action(
    'learn', [v, c], {'learn.filled': filled(c), 'learn.open': is_open}, [known.gains(v, c)]
)

# Readers.
read_in_order = {
    'apply.filled': filled(c),
    'apply.inOrder': forall(d, implies(filled(d) & before(d, c), applied(n, d))),
}
MODEL.action(
    'apply',
    [n, c],
    read_in_order,
    [
        applied.gains(n, c),
        shows.becomes(o, h, shows(o, h) | equal(o, n) & exists(r, concludes(c, r) & belongs(h, r))),
    ],
    # Each result when its own stage is committed.
    broken={
        'show.together': [
            applied.gains(n, c),
            shows.becomes(o, h, shows(o, h) | equal(o, n) & exists(s, commits(c, s) & aims(s, h))),
        ]
    },
)

# What replicas need not keep, and what they give to others.
MODEL.action('expire', [s], {'expire.committed': committed(s)}, [expired.gains(s)])
# Who schedules has the state that earlier views came to.
knows = {'schedule.knows': forall(u, c, t, implies(says(c, u, t) & less(u, v), known(v, c)))}
MODEL.action(
    'list',
    [v, s],
    {
        **knows,
        'list.open': is_open,
        'list.begun': begun(s),
        'list.underWay': ~on_board(v, s),
        'list.needed': expired(s) | forall(c, implies(known(v, c), ~commits(c, s))),
    },
    [unwanted.gains(s)],
)
MODEL.action(
    'free',
    [n, s],
    {'free.unwanted': unwanted(s)},
    # Columns stay: cells never fall.
    [
        has.becomes(o, k, t, i, a, has(o, k, t, i, a) & ~(equal(o, n) & equal(t, s))),
        made.becomes(o, k, t, x, made(o, k, t, x) & ~(equal(o, n) & equal(t, s))),
    ],
)
MODEL.action(
    'supply',
    [v, c, n, o, k, s, x],
    {
        'supply.open': is_open,
        'supply.needed': known(v, c) & commits(c, s),
        'supply.sound': part(v, o, k, s) | given(o, k, s),
        'supply.whole': made(o, k, s, x),
        'supply.lacks': forall(y, ~made(n, k, s, y)),
    },
    [made.gains(n, k, s, x), given.gains(n, k, s)],
)

# Who has left a shard forgets what it has of steps that go on there without it.
MODEL.action(
    'leave',
    [v, n, k, s],
    {'leave.open': is_open, 'leave.part': on_board(v, s) & ~part(v, n, k, s)},
    [
        made.becomes(o, m, t, x, made(o, m, t, x) & ~(equal(o, n) & equal(m, k) & equal(t, s))),
        given.becomes(o, m, t, given(o, m, t) & ~(equal(o, n) & equal(m, k) & equal(t, s))),
    ],
)
# The receiver has all that the shard needs, and takes part in all that is under way.
MODEL.action(
    'hold',
    [v, n, k],
    {
        **knows,
        'hold.open': is_open,
        'hold.receiver': receives(v, n, k),
        'hold.part': forall(s, implies(on_board(v, s), part(v, n, k, s))),
        'hold.runs': forall(
            c,
            s,
            implies(known(v, c) & commits(c, s) & ~expired(s), exists(x, made(n, k, s, x))),
        ),
    },
    [holds.gains(v, n, k)],
)
