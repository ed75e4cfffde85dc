"""English business mail for the demo. Every name, company and address is made up (RFC 2606 domains)."""

from typing import Final

from .scripts import COLLEAGUE, ME, THEM, Conversation, Language, Notice, Turn

CONVERSATIONS: Final = (
    Conversation(
        "Quote for {project}",
        (
            Turn(
                THEM,
                "Hi {to},\n\nGood talking to you yesterday. Could you send us a quote for {project}? We would need it by {day} so that it can go to the board the week after.\n\nThe things we need to understand are:\n- lead time from order\n- what support costs after year one\n- whether a pilot in {city} is possible first\n\nHappy to jump on a call if that is easier.",
            ),
            Turn(
                ME,
                "Hi {to},\n\nThanks for the brief. Quote {number} is attached: £{amount} excluding VAT, with the pilot included.\n\nLead time is eight weeks. I have listed second-year support separately so you can decide on that later.\n\nShout if anything is unclear.",
                ("Quote_{number}.pdf",),
            ),
            Turn(
                THEM,
                "Got it, thank you. At first glance this is where we hoped to be.\n\nOne question: does the discount on the second batch still hold if we order {product} in two instalments?",
            ),
            Turn(ME, "It does, the discount runs for the calendar year. The prices are held until {day2}."),
            Turn(THEM, "Great news: the board signed it off this morning. The purchase order will follow from our accounts team.\n\nLooking forward to working together!"),
        ),
        "Customers",
    ),
    Conversation(
        "Invoice {number} is due {day}",
        (
            Turn(
                THEM,
                "Dear {to},\n\nA friendly reminder that invoice {number} over £{amount} is due {day}. A copy is attached for convenience.\n\nIf the payment has already left, please disregard this message.",
                ("Invoice_{number}.pdf",),
            ),
            Turn(ME, "Hello {to},\n\nThe transfer went out this morning, you should see it by {day}."),
            Turn(THEM, "Received with thanks. The receipt is attached.", ("Receipt_{number}.pdf",)),
        ),
        "Finance/Invoices",
    ),
    Conversation(
        "Agenda for {day}",
        (
            Turn(
                COLLEAGUE,
                "Morning all,\n\nFor {day} at {hour} I suggest:\n\n1. where we are with {project}\n2. holiday cover in August\n3. the move to {city}\n4. any other business\n\nLet me know by tomorrow evening if something is missing.",
            ),
            Turn(ME, "Works for me. Could we add the budget? We are about £{amount} over forecast and I would like us to talk about it before it turns into a surprise."),
            Turn(COLLEAGUE, "Added. I will bring the numbers, sheet attached for a first look.", ("Budget_{number}.csv",)),
        ),
    ),
    Conversation(
        "Late delivery, order {number}",
        (
            Turn(
                THEM,
                "Hello {to},\n\nI am afraid the delivery of {product}, planned for {day}, will slip by about ten days: our supplier had a fire in the warehouse. Nobody was hurt.\n\nWe are sorry for the trouble and will take 5% off the invoice.",
            ),
            Turn(ME, "Hello {to},\n\nGlad everybody is safe. Ten days is the most we can absorb, since the fitting in {city} starts right after.\n\nPlease keep us posted every other day, and tell us at once if the date moves again."),
            Turn(THEM, "Will do. The goods cleared customs this morning, so the new date stands."),
            Turn(THEM, "Update: the lorry left today at {hour}. 🚚 It should be with you tomorrow morning."),
        ),
        "Suppliers",
    ),
    Conversation(
        "Master agreement: comments from legal",
        (
            Turn(
                THEM,
                "Dear {to},\n\nPlease find attached the draft with our legal team's comments. Three points are open:\n\n- clause 7, penalties: we ask for a cap of 10%\n- clause 12, governing law: England and Wales\n- clause 15, term: two years, renewal by written notice\n\nEverything else is fine by us.",
                ("Master_agreement_draft_3.pdf",),
            ),
            Turn(ME, "Dear {to},\n\nI spoke to our solicitor. 7 and 15 are fine. On 12 we would have preferred Scotland, but it is not a matter of principle: let us close on your wording."),
            Turn(THEM, "Excellent. I will prepare the final version for signature by {day}."),
        ),
        "Customers",
    ),
    Conversation(
        "Notes from today and next steps",
        (
            Turn(
                COLLEAGUE,
                "Hi all,\n\nShort notes from today on {project}:\n\n- they are keen and asked for a demo before the end of the month\n- {product}: colour still open, design will come back to us\n- next meeting is {day} at {hour}\n\nCorrect me if I got anything wrong.",
            ),
            Turn(ME, "All right as it stands. They also asked for two references: I will handle that."),
            Turn(COLLEAGUE, "Thanks, shared document updated. 👍"),
        ),
        "Projects",
    ),
    Conversation(
        "Application: project coordinator",
        (
            Turn(
                THEM,
                "Dear {to},\n\nI would like to apply for the position on your site. I have spent six years in the trade and led three projects much like {project}.\n\nMy CV is attached. I would be glad to meet you in person.",
                ("CV.pdf",),
            ),
            Turn(ME, "Dear {to},\n\nThank you, your experience is a good match. Would {day} at {hour} suit you, here or by video as you prefer?"),
            Turn(THEM, "{day} is perfect, and I would love to see the place, so I will come by."),
        ),
    ),
    Conversation(
        "Cannot sign in to the order portal",
        (
            Turn(THEM, "Hello,\n\nSince yesterday we cannot get into the order portal: after the password there is a blank page. Tried on two machines.\n\nIt is rather urgent as we have to confirm order {number}."),
            Turn(ME, "Hello {to},\n\nFound it: an update that went out overnight. It should work again, can you confirm?\n\nMeanwhile we have entered order {number} for you, so the date is safe."),
            Turn(THEM, "Confirmed, works now. Thanks for being so quick!"),
        ),
        "Customers",
    ),
    Conversation(
        "Team lunch?",
        (
            Turn(COLLEAGUE, "Anyone up for lunch together on {day}? There is a new place round the corner and the pie is said to be outstanding.\n\nI will book for 12:45 if there are six of us."),
            Turn(ME, "Count me in! Zoë is vegetarian, so check they have something for her as well."),
            Turn(COLLEAGUE, "They do a mushroom one. Eight of us, booked. 🥧"),
        ),
    ),
    Conversation(
        "Site photos, {city}",
        (
            Turn(COLLEAGUE, "This morning's photos. The floor is in, windows arrive {day}.\n\nIf the weather holds we are three days ahead. ☀️", ("Site_1.png", "Site_2.png")),
            Turn(ME, "Lovely. Well done everybody, forwarding these to the client."),
        ),
        "Projects",
    ),
    Conversation(
        "Year-end papers",
        (
            Turn(THEM, "Hello {to},\n\nTo close the year we still need:\n\n- stock at 31 December\n- bank statements for the last quarter\n- the lease schedule\n\nCould we have them by {day}?"),
            Turn(ME, "Hello {to},\n\nStock and statements are attached. The lease schedule is with the bank and should arrive this week.", ("Stock.csv", "Statements.pdf")),
            Turn(THEM, "Received, thank you. Draft accounts to follow once the leases are in."),
        ),
        "Finance",
    ),
    Conversation(
        "Last price on {product}",
        (
            Turn(THEM, "Dear {to},\n\nFollowing our call, I can confirm {product} at £{amount}, delivery included, valid until {day2}.\n\nData sheet attached, with the comparison you asked for.", ("Data_sheet.pdf", "Comparison.png")),
            Turn(ME, "Dear {to},\n\nThat is a fair offer. Before deciding I would like to see one running: is there a customer of yours near {city} we could visit?"),
        ),
        "Suppliers",
    ),
)  # fmt: skip

NOTICES: Final = (
    Notice(
        "Highland Bank", "alerts@highlandbank.example", "Payment received: £{amount}", "You have received a payment",
        ("a payment from {company} has been credited to your account.",), "Open online banking", "#0b6b4f",
        (("Amount", "£{amount}"), ("From", "{company}"), ("Reference", "Invoice {number}"), ("Value date", "{day}")),
    ),
    Notice(
        "Parcelwise", "tracking@parcelwise.example", "Parcel {number} arrives today", "Out for delivery",
        ("our driver will be with you between 10:00 and 14:00.", "Not in? Choose another day or a pick-up point."), "Track the parcel", "#b45309",
        (("Consignment", "{number}"), ("Sender", "{company}"), ("Pieces", "2")),
    ),
    Notice(
        "Great Western Lines", "tickets@greatwesternlines.example", "Your tickets to {city}", "Have a good journey",
        ("show the code at the barrier, there is no need to print it.",), "Open the ticket", "#9f1239",
        (("Train", "GW {number}"), ("Route", "London – {city}"), ("Departs", "{day}, {hour}"), ("Coach / seat", "C / 21"), ("Price", "£39.50")),
    ),
    Notice(
        "Oak & Ember Roasters ☕", "hello@oakandember.example", "☕ Three new blends for autumn", "Autumn tastes of hazelnut",
        ("we have roasted three new blends: one sweet, one bold, one for filter.", "Delivery is free until Sunday, even for a single bag."), "See the blends", "#7c3f1d",
        newsletter=True, list_id="news.oakandember.example",
    ),
    Notice(
        "Construction Weekly", "desk@constructionweekly.example", "Timber prices fall for the third month", "Five stories from this week",
        ("The new grants are out: the limits apply to works started after 1 January.", "Timber prices fall for the third month, down 4% on the year.", "{city} opens the first quarter heated by its underground.", "Interview: “The digital site is no fad”, says Helen Okafor."), "Read on", "#1d4e89",
        newsletter=True, list_id="weekly.constructionweekly.example",
    ),
    Notice(
        "Desk & Shelf", "orders@deskandshelf.example", "Order {number} confirmed", "Thank you for your order",
        ("we have your order and are packing it. You will hear from us again when it leaves.",), "View the order", "#2456d6",
        (("A4 paper, 5 reams", "£21.50"), ("Black toner", "£69.00"), ("Delivery", "free"), ("Total", "£{amount}")),
    ),
    Notice(
        "Account security", "security@ledgercloud.example", "New sign-in from {city}", "Was this you?",
        ("somebody signed in to your account on a new device.", "If it was you, there is nothing to do. If not, change your password now."), "Review activity", "#b42318",
        (("Device", "Firefox on Linux"), ("Place", "{city}"), ("When", "{today}, {hour}")),
    ),
)  # fmt: skip

ENGLISH: Final = Language(
    code="en",
    conversations=CONVERSATIONS,
    notices=NOTICES,
    people=(
        ("Helen Okafor", "helen.okafor", "Okafor Engineering", "okaforengineering.example"),
        ("Łukasz Nowak", "l.nowak", "Nowak Joinery", "nowakjoinery.example"),
        ("Siân Pritchard", "sian", "Pritchard & Sons", "pritchard.example"),
        ("James O'Neill", "james.oneill", "O'Neill Haulage", "oneillhaulage.example"),
        ("Zoë Müller", "zoe.mueller", "Müller Design", "muellerdesign.example"),
        ("Priya Raman", "priya.raman", "Raman Supplies", "ramansupplies.example"),
        ("Tom Ashworth", "t.ashworth", "Ashworth Council", "council.ashworth.example"),
        ("Freya Lindström", "freya", "Lindström Windows", "lindstrom.example"),
        ("Robert Marsh", "robert.marsh", "Marsh & Partners", "marshpartners.example"),
        ("Grace Abara", "grace.abara", "Abara Accounting", "abara.example"),
        ("Callum Reid", "callum.reid", "Reid Timber", "reidtimber.example"),
        ("Inés Herrera", "ines.herrera", "Puerto Logistics", "puertologistics.example"),
    ),
    projects=("the school extension", "the new warehouse", "Birch Court", "the leisure centre", "the mill conversion", "the High Street front", "the nursery"),
    products=("larch windows", "insulation panels", "the heat pump", "glulam beams", "the generator", "the light fittings"),
    cities=("Leeds", "Bristol", "Dundee", "Cardiff", "Norwich", "Carlisle", "York"),
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    months=("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"),
    quote="On {date}, {name} wrote:",
    reply="Re: ",
    closings=("Best regards,", "Kind regards,", "Cheers,", "Many thanks,", "Best,"),
    invitation="Invitation: {what}",
    bounce_subject="Undeliverable message",
    list_posts=(
        ('[members] Annual meeting and elections', 'Dear members,\n\nThe annual meeting is on {day} at {hour}. The accounts and the elections are on the agenda.\n\nIf you cannot come you may appoint another member.'),
        ('[members] Gym discount', 'Dear members,\n\nYou and your families now have 20% off. Simply show your card.\n\nQuestions? Reply to this message.'),
        ('[members] Trip to {city}: last places', 'Dear members,\n\nFour places are left for the trip on {day}. The price is £30 with travel and lunch.'),
    ),
    phone="+44 1632 9601{n:02}",
)  # fmt: skip
