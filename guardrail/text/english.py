"""What an instruction is made of in English: the tables `words.py` builds its English from."""

READ, WRITE, SEND, PAY, DELETE, SHARE, EXECUTE, BOOK = (
    "read",
    "write",
    "send",
    "pay",
    "delete",
    "share",
    "execute",
    "book",
)

# Base form of a verb -> the kinds of action it can stand for. The first one is its main sense.
VERBS: dict[str, tuple[str, ...]] = {
    # taking something in
    **dict.fromkeys(
        "read get retrieve search find fetch open check list visit browse view download access show look lookup query "
        "inspect review examine see collect gather extract obtain pull locate identify count calculate compute compare "
        "summarize summarise estimate verify monitor track scan analyze analyse describe preview navigate "
        "recommend suggest figure determine dump enumerate exfiltrate follow click".split(),
        (READ,),
    ),
    # sending something out
    **dict.fromkeys(
        "send email e-mail mail forward message reply respond post publish deliver transmit dm tweet notify text "
        "inform "
        "broadcast announce contact alert relay cc bcc retweet comment page call phone ping answer report "
        "dispatch route redirect remit fax pass hand supply circulate ship reroute divert escalate".split(),
        (SEND,),
    ),
    "tell": (SEND,),
    "ask": (SEND,),
    "write": (WRITE, SEND),
    "upload": (WRITE, SEND),
    "copy": (WRITE, SEND),
    "attach": (WRITE, SEND),
    "submit": (WRITE, SEND),
    "release": (WRITE, SEND),
    "include": (WRITE,),
    "export": (SEND, READ),
    "sync": (SEND, WRITE),
    # letting others in
    **dict.fromkeys("share grant allow permit authorize authorise expose".split(), (SHARE, SEND)),
    "invite": (SHARE, SEND, WRITE),
    "give": (SHARE, SEND),
    "provide": (SEND, SHARE),
    "add": (WRITE, SHARE),
    # money
    **dict.fromkeys(
        "pay transfer wire refund reimburse donate withdraw deposit purchase buy settle charge repay disburse".split(),
        (PAY, SEND),
    ),
    "order": (PAY, WRITE),
    "subscribe": (PAY, WRITE),
    "sell": (PAY, WRITE),
    "exchange": (PAY, WRITE),
    # taking away
    **dict.fromkeys(
        "delete remove erase cancel revoke drop purge wipe clear uninstall unsubscribe discard destroy trash terminate "
        "withhold scrap unfollow disable deactivate block kick ban leave archive unlink close void suspend expire "
        "dismiss end discontinue".split(),
        (DELETE, WRITE),
    ),
    # changing
    **dict.fromkeys(
        "create update change modify set edit rename reschedule insert append save store move put replace increase "
        "decrease adjust register record enter log mark assign unassign approve reject enable activate lock unlock "
        "turn "
        "switch configure reset schedule generate draft prepare make build compile upgrade downgrade extend raise "
        "lower "
        "file patch amend correct fill tag label pin unpin merge commit push deploy install open-up complete confirm "
        "accept decline promote modernize manage apply sign vote like rate book-in plan join follow-up start stop "
        "place initiate merge concatenate combine initialise initialize request press issue transform convert "
        "translate "
        "split trade relocate encrypt decrypt format overwrite mute silence whitelist blacklist rotate regenerate "
        "reissue renew restore migrate import reassign reopen resolve transition prescribe waive credit override "
        "upsert duplicate clone rebook elevate quarantine provision onboard fix repair solve "
        "arrange organise organize freeze scale amend waive allocate upgrade nominate appoint demote suspend postpone "
        "unpublish unarchive unfreeze unblock unban unmute unmark untag unassign uncheck unset uninvite unregister "
        "unenroll enroll enrol deregister disconnect disarm disallow decommission depublish delist reactivate "
        "reallocate reconnect reconfigure reorder reprice restock rewrite rebuild redeploy republish retry "
        "revert".split(),
        (WRITE,),
    ),
    **dict.fromkeys("book reserve rent hire".split(), (BOOK, WRITE)),
    # running
    **dict.fromkeys("run execute trigger launch invoke restart reboot shutdown kill".split(), (EXECUTE, WRITE)),
}

# Verbs too general to say what is done: they make a sentence an instruction, but match no particular tool.
GENERAL = frozenset(
    "do use perform take help ensure make proceed continue carry handle go need want let try begin finish keep follow "
    "see look ask include complete prepare apply start leave manage get put".split()
)

# Nouns that name a deed: `a payment is to be made`.
DEEDS: dict[str, str] = {
    "payment": "pay",
    "payments": "pay",
    "transfer": "transfer",
    "transaction": "transfer",
    "donation": "donate",
    "refund": "refund",
    "purchase": "purchase",
    "order": "order",
    "reservation": "reserve",
    "booking": "book",
    "appointment": "schedule",
    "deletion": "delete",
    "removal": "remove",
    "cancellation": "cancel",
    "invitation": "invite",
    "registration": "register",
    "submission": "submit",
    "update": "update",
    "upload": "upload",
    "copy": "send",
    "reply": "reply",
    "message": "message",
    "email": "email",
    "mail": "mail",
    "notification": "notify",
    "post": "post",
    "backup": "copy",
    "access": "grant",
    "permission": "grant",
    "permissions": "grant",
    "belongs": "add",
    "belong": "add",
    "duplicate": "delete",
    "obsolete": "delete",
    "outdated": "delete",
    "superseded": "delete",
    "redundant": "delete",
    "gets": "give",
    "receives": "give",
    "entitled": "grant",
    "owed": "pay",
    "owes": "pay",
    "due": "pay",
    "renamed": "rename",
}

IRREGULAR: dict[str, str] = {
    "sent": "send",
    "paid": "pay",
    "wrote": "write",
    "written": "write",
    "got": "get",
    "gotten": "get",
    "found": "find",
    "made": "make",
    "gave": "give",
    "given": "give",
    "told": "tell",
    "put": "put",
    "set": "set",
    "reset": "reset",
    "read": "read",
    "bought": "buy",
    "sold": "sell",
    "ran": "run",
    "shown": "show",
    "showed": "show",
    "seen": "see",
    "withdrew": "withdraw",
    "withdrawn": "withdraw",
    "reading": "read",
    "sharing": "share",
    "cc'd": "cc",
    "cc'ed": "cc",
    "cced": "cc",
    "bcc'd": "bcc",
}

POLITE = frozenset("please kindly pls plz".split())
LEAD_INS = frozenset(
    "and then also now next first firstly second secondly third lastly finally so just but or afterwards "
    "additionally moreover furthermore again immediately urgently quickly simply always never todo note ps nb "
    "important reminder action task instruction instructions step do to-do hello hi dear thanks ok okay "
    "meanwhile instead importantly subsequently automatically silently quietly directly go ahead "
    "otherwise therefore hence not don't".split()
)
DETERMINERS = frozenset(
    "the a an this that these those my your his her its our their any each every no some such another other "
    "all both of by in on per via from with for as is are was were be been same new next last first following "
    "above below attached received previous whose which most recent more".split()
)
NOUN_TAILS = frozenset(
    "address addresses number numbers id ids name names date dates time status information info details list "
    "history club price prices cost costs card cards account accounts type types code codes rate rates method "
    "methods confirmation summary policy policies plan plans line lines box page center centre desk team "
    "group form forms fee fees thread template app is are was were has had will".split()
)
MODALS = frozenset("must should shall need needs ought have has will".split())
MACHINE_NAMES = frozenset(
    "assistant agent ai bot chatbot copilot llm model gpt claude gemini llama automation crawler reader "
    "readers "
    "system machine robot".split()
)
STOP_WORDS = frozenset(
    "the a an and or but if of to in on at by for from with as is are was were be been being it its this that "
    "these those i me my mine you your yours he him his she her hers we us our they them their not no so than "
    "then there here what which who whom when where how why all any each every some such only own same too "
    "very "
    "can could will would shall should may might must do does did done has have had having about into over "
    "after before between under again up down out off just also please thanks thank hi hello dear regards best "
    "am pm re fw".split()
)
ARTICLES = frozenset("the a an all my your his her its our their this these those each every any both".split())
PRONOUNS = frozenset(
    "it them me him her us you everything everyone anyone something what whatever anything both one".split()
)
OPENERS = frozenset(
    "the a an all my your his her its our their this these those each every any both is are was were be am do "
    "does did has have had will would can could shall should may might must not no nor for in on at by with "
    "from to of off out up over under into onto upon about above across after against along among around as "
    "before behind below beneath beside between beyond despite down during except inside like near outside "
    "past per since than through throughout till toward towards underneath until unlike via within without "
    "while when where whereas whether which who whom whose why how what if unless although though because so "
    "yet but and or also even once only just both either neither such same half most some many much more few "
    "less here there then now thus plus minus versus amid according regarding concerning including perhaps "
    "maybe i we you he she they it dear hi hello hey yes no not never whatever whoever given apart".split()
)
THINGS = frozenset(
    "access answer archive book call cancel change check click close code comment contact copy cost draft dump "
    "email e-mail end enter estimate exchange fax file follow-up form help label like link "
    "list load lock log look mail mark market message move note open order page patch phone ping pin place "
    "plan "
    "post preview process purchase query rate record refund release rent reply report request review route "
    "sale "
    "scan schedule search share show sign stop store sync tag text track transfer trash tweet update upgrade "
    "upload view visit vote wire test run start set block ban complete clear correct lower raise fill "
    "present charge credit import duplicate clone void".split()
)
# With a gerund they open a clause that only says when: `before replying delete ...`.
SUBORDINATE = frozenset("before after when while once upon by without instead".split())
# No sentence ends with them.
DANGLING = frozenset(
    "the a an my your his her its our their this that these those to of in on at by for from with into onto as via and "
    "or including called named under until before after than is are be which whose".split()
)
# What comes after them belongs to a sentence that began before.
LINKING = frozenset(
    "to for with from at in on into onto by and as of via until that which who whose because before after under using "
    "then or plus including".split()
)
