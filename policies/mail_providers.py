"""Hosts where anybody can have a mailbox: sharing one says nothing about belonging together."""

PUBLIC_MAIL = frozenset(
    "gmail.com googlemail.com outlook.com outlook.de outlook.fr hotmail.com hotmail.co.uk hotmail.de hotmail.fr "
    "live.com live.co.uk msn.com passport.com yahoo.com yahoo.co.uk yahoo.co.jp yahoo.co.in yahoo.de yahoo.fr "
    "yahoo.it yahoo.es yahoo.ca ymail.com rocketmail.com icloud.com me.com mac.com aol.com aim.com proton.me "
    "protonmail.com pm.me gmx.com gmx.net gmx.de gmx.at gmx.ch web.de freenet.de t-online.de posteo.de mailbox.org "
    "tutanota.com tuta.io tuta.com zoho.com zohomail.com mail.com email.com fastmail.com fastmail.fm hushmail.com "
    "hey.com duck.com yandex.ru yandex.com ya.ru mail.ru inbox.ru list.ru bk.ru rambler.ru qq.com foxmail.com "
    "163.com 126.com yeah.net sina.com sohu.com aliyun.com naver.com hanmail.net daum.net rediffmail.com orange.fr "
    "wanadoo.fr laposte.net free.fr sfr.fr libero.it virgilio.it tiscali.it alice.it bluewin.ch seznam.cz wp.pl "
    "o2.pl onet.pl interia.pl ukr.net abv.bg bol.com.br uol.com.br terra.com.br btinternet.com sky.com talktalk.net "
    "virginmedia.com comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net "
    "juno.com shaw.ca rogers.com bigpond.com optusnet.com.au telenet.be skynet.be ziggo.nl kpnmail.nl xs4all.nl "
    "mailinator.com guerrillamail.com 10minutemail.com temp-mail.org yopmail.com sharklasers.com trashmail.com "
    "maildrop.cc dispostable.com".split()
)
